"""Documents, revisions, reviews and content types: the SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Select, column, exists, func, insert, select, table, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content import rules
from server.content.models import ContentType, Document, Review, Revision
from server.database import AnyRow, violated

Organisations = frozenset[uuid.UUID] | None
"""Where a caller may read; None for everywhere."""

ORGANISATIONS = table("organisations", column("id"))

WORDS = (Revision.title, Revision.summary, Revision.links, Revision.tags, Revision.attachments, Revision.body_format)
NEWEST = (Revision.document_id == Document.id) & (Revision.number == Document.revision_number)
LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)


@contextmanager
def conflicts_named(path: str, locale: str) -> Iterator[None]:
    """Turns what a constraint of `documents` refuses into the failure that it stands for."""
    try:
        yield
    except IntegrityError as error:
        match violated(error):
            case "uq_documents_path_locale":
                raise rules.PathTaken(path, locale) from error
            case "uq_documents_translation_key_locale":
                raise rules.TranslationExists from error
            case "fk_documents_organisation_id":
                raise rules.OrganisationNotFound from error
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


async def live_documents(
    connection: AsyncConnection, organisation_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Documents that the public sees something of, with what their live revisions say, by id."""
    statement = select(Document, *WORDS, Revision.body, Revision.details).join(Revision, LIVE)
    statement = statement.where(Document.organisation_id == organisation_id, Document.live_state != 0)
    if after is not None:
        statement = statement.where(Document.id > after)
    return (await connection.execute(statement.order_by(Document.id).limit(limit))).all()


def readable(statement: Select[Any], organisations: Organisations) -> Select[Any]:
    return statement if organisations is None else statement.where(Document.organisation_id.in_(organisations))


def found(row: AnyRow | None) -> AnyRow:
    if row is None:
        raise rules.DocumentNotFound
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


async def revision(connection: AsyncConnection, document_id: uuid.UUID, number: int) -> AnyRow:
    statement = select(Revision).where(Revision.document_id == document_id, Revision.number == number)
    return (await connection.execute(statement)).one()


async def revisions(connection: AsyncConnection, document_id: uuid.UUID, *, before: int | None, limit: int) -> Sequence[AnyRow]:
    """Newest first, from below number `before`."""
    statement = select(Revision).where(Revision.document_id == document_id)
    if before is not None:
        statement = statement.where(Revision.number < before)
    return (await connection.execute(statement.order_by(Revision.number.desc()).limit(limit))).all()


async def insert_revision(connection: AsyncConnection, **revision: Any) -> None:
    await connection.execute(insert(Revision), revision)


async def authors_since(connection: AsyncConnection, document_id: uuid.UUID, number: int) -> frozenset[uuid.UUID]:
    """Who wrote the revisions after this number."""
    statement = select(Revision.author_id).distinct().where(Revision.document_id == document_id, Revision.number > number)
    return frozenset((await connection.execute(statement)).scalars())


async def was_imported(connection: AsyncConnection, document_id: uuid.UUID, source_sha256: bytes) -> bool:
    same = exists().where(Revision.document_id == document_id, Revision.source_sha256 == source_sha256)
    return bool((await connection.execute(select(same))).scalar())


async def insert_review(connection: AsyncConnection, **review: Any) -> None:
    await connection.execute(insert(Review), review)


async def content_type(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow | None:
    statement = select(ContentType).where(ContentType.name == name)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def content_type_of(connection: AsyncConnection, document: AnyRow) -> AnyRow:
    return (await connection.execute(select(ContentType).where(ContentType.name == document.content_type))).one()


async def content_types(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[AnyRow]:
    """By name, from behind `after`."""
    statement = select(ContentType).where(ContentType.name > after)
    return (await connection.execute(statement.order_by(ContentType.name).limit(limit))).all()


async def content_types_live(connection: AsyncConnection, organisation_id: uuid.UUID) -> Sequence[AnyRow]:
    """Those of the documents that the public sees something of, by name."""
    used = select(Document.content_type).where(Document.organisation_id == organisation_id, Document.live_state != 0)
    statement = select(ContentType).where(ContentType.name.in_(used)).order_by(ContentType.name)
    return (await connection.execute(statement)).all()


async def insert_content_type(connection: AsyncConnection, **content_type: Any) -> bool:
    """Whether it was made; False when there is one of its name."""
    statement = upsert(ContentType).values(version=1, **content_type).on_conflict_do_nothing()
    return bool((await connection.execute(statement)).rowcount)


async def update_content_type(connection: AsyncConnection, name: str, **changed: Any) -> None:
    statement = update(ContentType).where(ContentType.name == name)
    await connection.execute(statement.values(version=ContentType.version + 1, update_time=func.now(), **changed))
