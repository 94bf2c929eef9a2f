"""What an organisation's files take up: reserved before their bytes come, given back when they are gone.

Each change keeps the organisation's row locked until the caller's transaction ends, so it comes late in that, and no storage is
asked after it.
"""

from __future__ import annotations

import uuid
from typing import NamedTuple

from sqlalchemy import exc, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.failures import FileQuotaExceeded, OrganisationNotFound
from server.files.models import FileUsage
from server.stores.postgres import violated


class Used(NamedTuple):
    """What an organisation stores, and what it may by its own quota; None where it has none."""

    used_bytes: int
    quota_bytes: int | None

    def bound(self, default: int) -> int:
        """What it may, where FILE_QUOTA says `default`; 0 where there is no bound."""
        return default if self.quota_bytes is None else self.quota_bytes


async def reserve(connection: AsyncConnection, organisation_id: uuid.UUID, size: int, default: int) -> None:
    """Counts so many bytes more, where FILE_QUOTA says `default`. Raises FileQuotaExceeded, and OrganisationNotFound where
    there is no organisation; the transaction must not go on after either."""
    statement = insert(FileUsage).values(organisation_id=organisation_id, used_bytes=size)
    statement = statement.on_conflict_do_update(
        index_elements=[FileUsage.organisation_id], set_={"used_bytes": FileUsage.used_bytes + statement.excluded.used_bytes}
    )
    try:
        row = (await connection.execute(statement.returning(FileUsage.used_bytes, FileUsage.quota_bytes))).one()
    except exc.IntegrityError as error:
        if violated(error) == "fk_file_usage_organisation_id":
            raise OrganisationNotFound from error
        raise
    used = Used(*row)
    bound = used.bound(default)
    if bound and used.used_bytes > bound:
        raise FileQuotaExceeded(size, used.used_bytes - size, bound)


async def give_back(connection: AsyncConnection, organisation_id: uuid.UUID, size: int) -> None:
    """Counts so many bytes less."""
    await connection.execute(
        update(FileUsage)
        .where(FileUsage.organisation_id == organisation_id)
        .values(used_bytes=func.greatest(FileUsage.used_bytes - size, 0))
    )


async def correct(connection: AsyncConnection, organisation_id: uuid.UUID, size: int) -> None:
    """Counts just so many bytes."""
    await connection.execute(update(FileUsage).where(FileUsage.organisation_id == organisation_id).values(used_bytes=size))


async def locked(connection: AsyncConnection, organisation_id: uuid.UUID) -> Used:
    """What stands when all who have changed it have ended; whoever is about to waits for this transaction."""
    await connection.execute(insert(FileUsage).values(organisation_id=organisation_id).on_conflict_do_nothing())
    statement = select(FileUsage.used_bytes, FileUsage.quota_bytes).where(FileUsage.organisation_id == organisation_id)
    return Used(*(await connection.execute(statement.with_for_update())).one())


async def used(connection: AsyncConnection, organisation_id: uuid.UUID) -> Used:
    statement = select(FileUsage.used_bytes, FileUsage.quota_bytes).where(FileUsage.organisation_id == organisation_id)
    row = (await connection.execute(statement)).one_or_none()
    return Used(0, None) if row is None else Used(*row)


async def bind(connection: AsyncConnection, organisation_id: uuid.UUID, quota_bytes: int | None) -> tuple[int | None, Used]:
    """Sets what the organisation may store. The quota before, and what stands now."""
    found = select(FileUsage.quota_bytes).where(FileUsage.organisation_id == organisation_id).with_for_update()
    before = (await connection.execute(found)).scalar_one_or_none()
    statement = insert(FileUsage).values(organisation_id=organisation_id, quota_bytes=quota_bytes)
    statement = statement.on_conflict_do_update(
        index_elements=[FileUsage.organisation_id], set_={"quota_bytes": statement.excluded.quota_bytes}
    )
    row = (await connection.execute(statement.returning(FileUsage.used_bytes, FileUsage.quota_bytes))).one()
    return before, Used(*row)
