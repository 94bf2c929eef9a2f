"""Files on their way to another installation: which of them the public may have, their bytes, and which are here already."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

import asyncpg
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select

from server.files.models import File
from server.files.standing import IS_PUBLIC, IS_THERE
from server.stores.statements import Row, Statement

ASKED_FOR = File.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
OF_ORGANISATION = File.organisation_id == bindparam("whose", type_=Uuid())
PUBLIC = Statement(select(File.__table__).where(ASKED_FOR, OF_ORGANISATION, IS_THERE, IS_PUBLIC).order_by(File.id))
PRESENT = Statement(select(File.id).where(ASKED_FOR, OF_ORGANISATION, IS_THERE))


async def public(connection: asyncpg.Connection, ids: Collection[uuid.UUID], organisation_id: uuid.UUID) -> Sequence[Row]:
    """Those of an organisation's files that are public, by id."""
    return await PUBLIC.all(connection, ids=[*ids], whose=organisation_id) if ids else ()


async def present(
    connection: asyncpg.Connection, ids: Collection[uuid.UUID], organisation_id: uuid.UUID
) -> frozenset[uuid.UUID]:
    """Those of the ids that name a file of the organisation's."""
    return frozenset(row.id for row in await PRESENT.all(connection, ids=[*ids], whose=organisation_id))
