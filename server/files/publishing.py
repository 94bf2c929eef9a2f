"""Files becoming public with the document that has them attached, and ceasing to be when no page has them any more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, CTE, Insert, Select, Uuid, all_, any_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql

from server.files.models import File, PageFile
from server.files.purging import purges
from server.files.standing import IS_THERE, STANDING
from server.stores.statements import Row, Statement

SHAPE = (File.version, File.facts)
PUBLISHED = Statement(
    update(File)
    .where(
        File.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        File.organisation_id == bindparam("whose", type_=Uuid()),
        IS_THERE,
    )
    .values(publish_time=func.coalesce(File.publish_time, bindparam("time", type_=File.publish_time.type)))
    .returning(File.id, File.name, File.content_type, File.size_bytes, File.alternative_text, *SHAPE)
)


DESCRIBED = Statement(
    select(File.id, File.name, File.content_type, File.size_bytes, File.alternative_text, *SHAPE).where(
        File.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        File.organisation_id == bindparam("whose", type_=Uuid()),
        IS_THERE,
    )
)


async def described(connection: asyncpg.Connection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID) -> list[Row]:
    """What a page would say of those of these files that the organisation has."""
    return await DESCRIBED.all(connection, ids=[*ids], whose=organisation_id)


def known(ids: Any, whose: Any) -> Select[Any]:
    """Those of these files (parameters: an array, an organisation) that the organisation has: how each stands, and what is
    known of it."""
    columns = (File.id, File.name, File.content_type, File.alternative_text, STANDING, File.rejection_reason, File.facts)
    return select(*columns).where(File.id == any_(ids), File.organisation_id == whose)


KNOWN = Statement(known(bindparam("ids", type_=ARRAY(Uuid())), bindparam("whose", type_=Uuid())))


async def standing(connection: asyncpg.Connection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID) -> list[Row]:
    """The same: `id`, `name`, `standing` and `rejection_reason` of those that the organisation has."""
    return await KNOWN.all(connection, ids=[*ids], whose=organisation_id)


SHOWN = bindparam("page_files", type_=ARRAY(Uuid()))


def shows(changed: CTE) -> tuple[CTE, ...]:
    """What makes the files of `parameters`, and no others, those of the document's page, if `changed`, which does what the page
    shows, yields the document's row: parts of the statement that publishes. Caches forget files that the page has no more."""
    of_it = PageFile.document_id.in_(select(changed.c.id))
    gone = delete(PageFile).where(of_it, PageFile.file_id != all_(SHOWN)).returning(PageFile.file_id)
    left = gone.cte("page_files_left")
    purged = purges(select(left.c.file_id)).cte("page_files_purged")
    shown = select(changed.c.id, func.unnest(SHOWN))
    # PostgreSQL's own insert: a file that stays is there already, and so is one that is attached twice.
    used = postgresql.insert(PageFile).from_select(["document_id", "file_id"], shown).on_conflict_do_nothing()
    return left, purged, used.cte("page_files_shown")


def parameters(ids: Sequence[uuid.UUID]) -> dict[str, Any]:
    """What `shows` is given: the files of a page; of what is none, nothing."""
    return {"page_files": [*ids]}


def shows_also(shown: Select[Any]) -> postgresql.Insert:
    """Makes files those of pages: `shown` says which (`file_id`, `document_id`), and whose the document is. What is not there,
    or somebody else's, is left out."""
    given = shown.subquery()
    pairs = select(given.c.file_id, given.c.document_id).join(File, File.id == given.c.file_id)
    pairs = pairs.where(IS_THERE, File.organisation_id == given.c.organisation_id)
    return postgresql.insert(PageFile).from_select(["file_id", "document_id"], pairs).on_conflict_do_nothing()


def shows_no_more(document_ids: Select[Any], shown: Select[Any]) -> Insert:
    """Takes files from these documents' pages, but for those that `shown`, as `shows_also` takes it, says they have; caches
    forget them."""
    given = shown.subquery()
    pairs = select(given.c.file_id, given.c.document_id)
    pair = tuple_(PageFile.file_id, PageFile.document_id)
    gone = delete(PageFile).where(PageFile.document_id.in_(document_ids), pair.not_in(pairs)).returning(PageFile.file_id)
    return purges(select(gone.cte("page_files_left").c.file_id))


async def publish(
    connection: asyncpg.Connection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID, publish_time: datetime
) -> list[Row]:
    """Says of these files of the organisation that they were public, if they never were; returns them in the order of `ids`.
    What is not there, not ready or somebody else's is left out. They are public once `shows` says which page has them."""
    rows = {row.id: row for row in await PUBLISHED.all(connection, ids=[*ids], whose=organisation_id, time=publish_time)}
    return [rows[id] for id in ids if id in rows]
