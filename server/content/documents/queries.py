"""Documents, revisions, reviews and content types: the SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Select, column, exists, func, insert, select, table, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content import failures
from server.content.models import Document, Revision
from server.stores.postgres import AnyRow, violated

Organisations = frozenset[uuid.UUID] | None
"""Where a caller may read; None for everywhere."""

ORGANISATIONS = table("organisations", column("id"))

WORDS = (Revision.title, Revision.summary, Revision.links, Revision.tags, Revision.attachments, Revision.body_format)
NEWEST = (Revision.document_id == Document.id) & (Revision.number == Document.revision_number)


@contextmanager
def conflicts_named(path: str, locale: str) -> Iterator[None]:
    """Turns what a constraint of `documents` refuses into the failure that it stands for."""
    try:
        yield
    except IntegrityError as error:
        match violated(error):
            case "uq_documents_path_locale":
                raise failures.PathTaken(path, locale) from error
            case "uq_documents_translation_key_locale":
                raise failures.TranslationExists from error
            case "fk_documents_organisation_id":
                raise failures.OrganisationNotFound from error
            case _:
                raise


async def document(connection: AsyncConnection, id: uuid.UUID, organisations: Organisations = None) -> AnyRow:
    """The document with what its newest revision says. Raises DocumentNotFound."""
    statement = select(Document, *WORDS, Revision.body, Revision.details).join(Revision, NEWEST)
    return found((await connection.execute(readable(statement, organisations).where(Document.id == id))).one_or_none())


async def locked(connection: AsyncConnection, id: uuid.UUID, organisations: Organisations) -> AnyRow:
    """The document's own row, which is the transaction's until it ends. Raises DocumentNotFound."""
    # Without the revision: a row that another transaction changed meanwhile would no longer meet the revision it was joined to.
    statement = readable(select(Document), organisations).where(Document.id == id).with_for_update()
    return found((await connection.execute(statement)).one_or_none())


async def locked_by_key(connection: AsyncConnection, translation_key: uuid.UUID, locale: str) -> AnyRow | None:
    statement = select(Document).where(Document.translation_key == translation_key, Document.locale == locale)
    return (await connection.execute(statement.with_for_update())).one_or_none()


async def documents(
    connection: AsyncConnection,
    organisations: Organisations,
    *,
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
    **equal: Any,
) -> Sequence[AnyRow]:
    """Documents without body and details, newest change first, whose columns are `equal` to what is given."""
    statement = readable(select(Document, *WORDS).join(Revision, NEWEST), organisations)
    statement = statement.where(*(getattr(Document, name) == value for name, value in equal.items()))
    if before is not None:
        statement = statement.where(tuple_(Document.update_time, Document.id) < before)
    statement = statement.order_by(Document.update_time.desc(), Document.id.desc()).limit(limit)
    rows: Sequence[AnyRow] = (await connection.execute(statement)).all()
    return rows


def readable(statement: Select[Any], organisations: Organisations) -> Select[Any]:
    return statement if organisations is None else statement.where(Document.organisation_id.in_(organisations))


def found(row: AnyRow | None) -> AnyRow:
    if row is None:
        raise failures.DocumentNotFound
    return row


async def organisation_exists(connection: AsyncConnection, id: uuid.UUID) -> bool:
    return bool((await connection.execute(select(exists().where(ORGANISATIONS.c.id == id)))).scalar())


async def translates_elsewhere(connection: AsyncConnection, translation_key: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Whether another organisation has documents under this key."""
    others = exists().where(Document.translation_key == translation_key, Document.organisation_id != organisation_id)
    return bool((await connection.execute(select(others))).scalar())


# Values go beside the statement, not into it: so it is built, and its cache key, from the columns alone.


async def insert_document(connection: AsyncConnection, **document: Any) -> AnyRow:
    """Raises PathTaken, TranslationExists, OrganisationNotFound."""
    fresh = {"version": 1, "live_state": 0, "covers_prefix": False, "preserves_suffix": False}
    with conflicts_named(document["path"], document["locale"]):
        return (await connection.execute(insert(Document).returning(Document), fresh | document)).one()


async def update_document(connection: AsyncConnection, document: AnyRow, **changed: Any) -> AnyRow:
    """Changes a locked document, and with it its etag; its changed row. Raises PathTaken."""
    statement = update(Document).where(Document.id == document.id)
    statement = statement.values(version=Document.version + 1, update_time=func.now())
    with conflicts_named(changed.get("path", document.path), document.locale):
        return (await connection.execute(statement.returning(Document), changed)).one()
