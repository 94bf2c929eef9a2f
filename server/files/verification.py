"""Stored files looked at anew: those that came before all of a file was parsed, or whose bytes have changed in the storage."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import NamedTuple

from sqlalchemy import select

from gazette.files.v1.file_pb2 import File as FileMessage
from server.background.processes import TooCostly
from server.files import views
from server.files.examining.examination import Examination
from server.files.models import File
from server.files.standing import IS_PUBLIC
from server.files.uploads.queries import READY
from server.formats.malformed import Malformed
from server.formats.types import PARSED
from server.stores.blobs import BlobNotFound
from server.stores.postgres import AnyRow, Database

BATCH = 100
FIRST = uuid.UUID(int=0)


class Verdict(NamedTuple):
    """On one file."""

    file: FileMessage
    flaw: str
    """What is wrong with it; empty if nothing is."""


async def verdicts(database: Database, examination: Examination) -> AsyncIterator[Verdict]:
    """On every file that is ready, the oldest first. Nothing is changed. Raises Unavailable."""
    after = FIRST
    while rows := await some(database, after):
        for row in rows:
            yield Verdict(views.shown(row), await flaw(row, examination))
        after = rows[-1].id


async def some(database: Database, after: uuid.UUID) -> list[AnyRow]:
    statement = select(File, IS_PUBLIC).where(File.state == READY, File.id > after).order_by(File.id).limit(BATCH)
    async with database.read() as connection:
        return list(await connection.execute(statement))


async def flaw(row: AnyRow, examination: Examination) -> str:
    if row.content_type not in PARSED:
        return f"is of a type that nothing here parses: {row.content_type}"
    try:
        sha256 = await examination.inspected(row.blob_key, row.content_type)
    except Malformed as error:
        return str(error)
    except TooCostly:
        return "takes too long, or too much memory, to look through"
    except BlobNotFound:
        return "is lost: the storage has no bytes of it"
    return "" if sha256 == row.sha256 else "has other bytes than those that came"
