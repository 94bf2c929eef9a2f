"""SQL that writes documents and their revisions: parts of statements, which whoever changes something puts together.

A change is one statement, and a transaction of its own. It does nothing unless everything still is as it was when it was
decided: the document has the version that was read, the content type and the reservations of paths are those that were held. So
nothing is locked between deciding and writing, and nothing is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
from sqlalchemy import CTE, ColumnElement, Integer, Uuid, bindparam, cast, exists, func, insert, not_, select, update

from server import audit, organisations
from server.content import failures
from server.content.documents import planned
from server.content.documents.queries import IS_THERE
from server.content.models import Document, Revision
from server.content.references import queries as references
from server.content.types import held as types
from server.stores import idempotency
from server.stores.parameters import given
from server.stores.postgres import violated
from server.stores.statements import Statement

FIRST = (
    "id", "organisation_id", "content_type", "locale", "translation_key", "path", "version", "revision_number", "draft_state",
    "live_state", "covers_prefix", "preserves_suffix",
)  # fmt: skip
"""The columns that every new document has."""
SAVED = ("path", "content_type", "revision_number", "draft_state")
"""The columns that change with every further revision."""
REVISION = (
    "number", "path", "title", "summary", "body", "body_format", "details", "links", "tags", "attachments", "author_id",
    "size_bytes", "source_sha256", "restored_from_revision_number", "html", "html_details", "renderer", "notices",
    "reference_count",
)  # fmt: skip

LISTED = ("title", "summary", "tags", "author_id")
"""What a document has of its newest revision, as `newest_…`, so that lists are filtered and sorted by it."""

ID = bindparam("document_id", type_=Uuid())
KEY = bindparam("document_translation_key", type_=Uuid())
ORGANISATION = bindparam("document_organisation_id", type_=Uuid())

CHANGE_TIME = func.greatest(func.clock_timestamp(), Document.update_time + timedelta(microseconds=1))
"""Later than the change before, also where a clock was set back; and not when the transaction began, which may have waited for
long. Lists go by it (`server/rpc/lists/walks.py`)."""

IS_TRANSLATED_ELSEWHERE = exists().where(Document.translation_key == KEY, Document.organisation_id != ORGANISATION, IS_THERE)
"""Whether another organisation has documents under the translation key."""
TRANSLATED_ELSEWHERE = Statement(select(IS_TRANSLATED_ELSEWHERE))


def created(*more: str) -> CTE:
    """Inserts a document with the columns FIRST and `more`, unless its content type or the reservations have changed, or its
    translation key is another organisation's."""
    own = [*dict.fromkeys((*FIRST, *more))]
    columns = [*own, *(f"newest_{name}" for name in LISTED)]
    wanted = select(*given("document", Document, own), *given("revision", Revision, LISTED))
    wanted = wanted.where(types.IS_UNCHANGED, organisations.ARE_UNCHANGED, not_(IS_TRANSLATED_ELSEWHERE))
    statement = insert(Document).from_select(columns, wanted, include_defaults=False)
    return statement.returning(Document.id, Document.version, Document.create_time, Document.update_time).cte("document")


def changed(*columns: str, conditions: tuple[ColumnElement[bool], ...] = ()) -> CTE:
    """Changes these columns of the document `document_id`, and with them its etag, if it still has the version
    `document_version` and the conditions hold."""
    values: dict[str, Any] = dict(zip(columns, given("document", Document, columns), strict=True))
    if {*SAVED} <= {*columns}:  # with a revision that is given; of one that is copied the trigger sees to it
        values |= {f"newest_{name}": said for name, said in zip(LISTED, given("revision", Revision, LISTED), strict=True)}
    version = bindparam("document_version", type_=Integer())
    statement = update(Document).where(Document.id == ID, Document.version == version, *conditions)
    statement = statement.values(**values, version=Document.version + 1, update_time=CHANGE_TIME)
    return statement.returning(Document.id, Document.version, Document.update_time).cte("document")


def revised(document: CTE) -> CTE:
    """Inserts a revision of the document that was created or changed, with what it refers to, in the terms of the content type
    that is given to `types.IS_UNCHANGED`."""
    number, *others = given("revision", Revision, REVISION)
    said = select(document.c.id, document.c.version, number, *others, types.NAME, types.VERSION)
    columns = ["document_id", "version", *REVISION, *types.SAVED_BY]
    statement = insert(Revision).from_select(columns, said, include_defaults=False)
    return statement.add_cte(*references.written(document, number)).cte("revision")


COPIED_NUMBER = bindparam("copied_number", type_=Integer())
COPY = ("number", "author_id", "path", "restored_from_revision_number")
"""What is given of a revision that says once more what another one does."""
COPIED = (*(name for name in REVISION if name not in {*COPY, "source_sha256"}), *types.SAVED_BY)


def copied(document: CTE) -> CTE:
    """Inserts a revision of the document that was changed, which says what its revision `copied_number` does, path aside: with
    `saving.copy`."""
    own, other = given("copy", Revision, COPY), [getattr(Revision, name) for name in COPIED]
    size = Revision.size_bytes - func.octet_length(Revision.path) + func.octet_length(own[COPY.index("path")])
    other[COPIED.index("size_bytes")] = cast(size, Integer)
    said = select(document.c.id, document.c.version, *own, *other).join_from(
        document, Revision, Revision.document_id == document.c.id
    )
    said = said.where(Revision.number == COPIED_NUMBER)
    columns = ["document_id", "version", *COPY, *COPIED]
    statement = insert(Revision).from_select(columns, said, include_defaults=False)
    return statement.add_cte(references.copied(document, own[COPY.index("number")], COPIED_NUMBER)).cte("revision")


def creation(*more: Any) -> Statement:
    document = created("source_document_id", "source_revision_number")
    return Statement(select(document).add_cte(revised(document), *audit.inserts(document), *(each(document) for each in more)))


def update_of_words() -> Statement:
    document = changed(*SAVED, conditions=(types.IS_UNCHANGED, organisations.ARE_UNCHANGED))
    voided = planned.voided(document)
    columns = select(document, planned.told_of(voided).label("told"))
    return Statement(columns.add_cte(voided, revised(document), *audit.inserts(document)))


CREATION = creation()
REMEMBERED_CREATION = creation(idempotency.remembers)
"""The same, and stores the response under the call's idempotency key."""
UPDATE = update_of_words()


@contextmanager
def conflicts_named(path: str, locale: str) -> Iterator[None]:
    """Turns what a constraint of `documents` refuses into the failure that it stands for."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        match violated(error):
            case "uq_documents_path_locale":
                raise failures.PathTaken(path, locale) from error
            case "uq_documents_translation_key_locale":
                raise failures.TranslationExists from error
            case "fk_documents_organisation_id":
                raise failures.OrganisationNotFound from error
            case _:
                raise
