"""The last step of a replacement, within the transaction that ends its upload."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from server.files import failures, purging
from server.files.succession import queries
from server.process.domains import FilePages, Person
from server.rpc.caller import ANONYMOUS
from server.stores.postgres import AnyRow

PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH


@dataclass(frozen=True)
class Succession:
    """Puts new bytes in the place of a file's."""

    pages: FilePages
    people: Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]

    async def take_place(self, connection: AsyncConnection, upload: AnyRow, found: Mapping[str, Any]) -> AnyRow:
        """The file, with what was found in the upload; what it was is kept as a former version. Its pages show it within
        seconds, and what caches keep of it under its own address, they ask for again.

        Raises FileNotFound where it was deleted meanwhile; and PermissionDenied where it became public, and who brought the
        upload may not publish.
        """
        file = await queries.locked(connection, upload.file_id)
        if file is None:
            raise failures.FileNotFound
        pages = await queries.pages(connection, file.id)
        if pages:
            await self.check_publisher(upload.author_id, file.organisation_id)
        await queries.archive(connection, file)
        await queries.forget_rejected(connection, file.id)
        row = await queries.renew(connection, file, name=upload.name, author_id=upload.author_id, **found)
        if pages:
            await purging.purge(connection, [file.id])
            await self.pages.follow(connection, pages, is_urgent=False)
        return row

    async def check_publisher(self, account_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
        """Whether the account may now, however long its upload has taken."""
        person = (await self.people([account_id])).get(account_id)
        (person.caller if person else ANONYMOUS).require(PUBLISH, organisation_id)
