"""What people read, in the form that it is taken in now: NFC, without white space around a line; tags of languages canonical.

Of documents the newest revisions are rewritten, which the next publication is made of. What was published stays as it is, byte
for byte: its SHA-256 is on the record. So a page is found by its language's canonical tag, and says the one that it was
published with until it is published again. What cannot be mended, and what would take the place of something else, stays as it
is, and is told of in the log; `gazette texts unmended` names it later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gazette.delivery.v1.page_pb2 import PageSummary
from server.rpc.texts.characters import Unfit
from server.rpc.texts.forms import address, data, folded, line, paragraphs, tag
from server.rpc.texts.languages import canonical

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")
BATCH = 200
UNRENDERED = {"html": None, "html_details": None, "renderer": None}
"""Of a revision: it is rendered again when it is published."""


def table(name: str, *columns: str, **typed: Any) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns), *(sa.column(column, type_) for column, type_ in typed.items()))


ACCOUNTS = table("accounts", "id", "email", "name")
CONTENT_TYPES = table("content_types", "name", "title", details_schema=postgresql.JSONB())
DOCUMENTS = table("documents", "id", "path", "locale", "translation_key", "revision_number")
REVISIONS = table(
    "revisions", "document_id", "number", "title", "summary", "body", "html", "html_details", "renderer",
    details=postgresql.JSONB(), tags=sa.ARRAY(sa.Text()),
)  # fmt: skip
PAGES = table("pages", "path", "locale", "document_id", summary=sa.LargeBinary())
NAMES: tuple[tuple[sa.TableClause, str, Mapping[str, Callable[[str], str]]], ...] = (
    (ACCOUNTS, "id", {"name": line}),
    (table("organisations", "id", "name"), "id", {"name": line}),
    (table("api_keys", "id", "name"), "id", {"name": line}),
    (table("files", "id", "name", "alternative_text"), "id", {"name": line, "alternative_text": paragraphs}),
    (CONTENT_TYPES, "name", {"title": line}),
)


def upgrade() -> None:
    connection = op.get_bind()
    for named, key, forms in NAMES:
        rewrite_names(connection, named, key, forms)
    rewrite_addresses(connection)
    rewrite_schemas(connection)
    rewrite_revisions(connection)
    rewrite_locales(connection)
    rewrite_pages(connection)
    op.execute("COMMENT ON CONSTRAINT uq_documents_path_locale ON documents IS 'locale: canonical BCP 47'")


def downgrade() -> None:
    """What is in its form stays so, since the release before takes it as well."""
    op.execute("COMMENT ON CONSTRAINT uq_documents_path_locale ON documents IS NULL")


def rewrite_names(
    connection: sa.Connection, named: sa.TableClause, key: str, forms: Mapping[str, Callable[[str], str]]
) -> None:
    rows = connection.execute(sa.select(named.c[key], *(named.c[name] for name in forms))).all()
    for row in rows:
        said = f"{named.name} {row[0]}"
        given = {name: getattr(row, name) for name in forms}
        new = {name: mended(forms[name], value, f"{said}: {name}") for name, value in given.items()}
        if new != given:
            connection.execute(sa.update(named).where(named.c[key] == row[0]).values(new))


def mended(form: Callable[[str], str], given: str, said: str) -> str:
    """The text in its form; as it is where there is none, and where nothing would be left of it."""
    try:
        return form(given) or given
    except Unfit as unfit:
        log.warning("%s: %s", said, unfit)
        return given


def rewrite_addresses(connection: sa.Connection) -> None:
    """The oldest account's first; what is taken is left."""
    for row in connection.execute(
        sa.select(ACCOUNTS.c.id, ACCOUNTS.c.email).where(ACCOUNTS.c.email.is_not(None)).order_by(ACCOUNTS.c.id)
    ).all():
        email = mended(address, row.email, f"accounts {row.id}: email")
        if email == row.email:
            continue
        is_same = (sa.func.lower(ACCOUNTS.c.email) == sa.func.lower(email)) & (ACCOUNTS.c.id != row.id)
        other = connection.execute(sa.select(ACCOUNTS.c.id).where(is_same)).scalar()
        if other is not None:
            log.warning("account %s has the mailbox of account %s, and keeps its address as it is", row.id, other)
            continue
        connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == row.id).values(email=email))


def rewrite_schemas(connection: sa.Connection) -> None:
    for row in connection.execute(sa.select(CONTENT_TYPES.c.name, CONTENT_TYPES.c.details_schema)).all():
        schema = composed(row.details_schema, f"content_types {row.name}: details_schema")
        if schema != row.details_schema:
            changed = sa.update(CONTENT_TYPES).where(CONTENT_TYPES.c.name == row.name)
            connection.execute(changed.values(details_schema=schema))


def composed(value: Any, said: str) -> Any:
    """JSON with its strings, and the names of its members, in their form."""
    if isinstance(value, str):
        return mended(data, value, said)
    if isinstance(value, list):
        return [composed(each, said) for each in value]
    if isinstance(value, dict):
        new = {mended(data, name, said): composed(each, said) for name, each in value.items()}
        return new if len(new) == len(value) else value
    return value


def rewrite_revisions(connection: sa.Connection) -> None:
    """Of bodies a byte order mark alone is taken off: the rest has been rendered, and means the same."""
    columns = ("document_id", "number", "title", "summary", "tags", "details")
    newest = (REVISIONS.c.document_id == DOCUMENTS.c.id) & (REVISIONS.c.number == DOCUMENTS.c.revision_number)
    wanted = sa.select(*(REVISIONS.c[name] for name in columns), sa.func.left(REVISIONS.c.body, 1).label("first"))
    for row in batches(connection, wanted.select_from(DOCUMENTS.join(REVISIONS, newest)), DOCUMENTS.c.id):
        said = f"document {row.document_id}"
        values = {
            "title": mended(line, row.title, f"{said}: title"),
            "summary": mended(paragraphs, row.summary, f"{said}: summary"),
            "tags": words(row.tags, f"{said}: tags"),
            "details": composed(row.details, f"{said}: details"),
        }
        values = {name: value for name, value in values.items() if value != getattr(row, name)}
        if row.first == "\ufeff":
            values["body"] = sa.func.ltrim(REVISIONS.c.body, "\ufeff")
        if "body" in values or "details" in values:
            values |= UNRENDERED
        if values:
            this = (REVISIONS.c.document_id == row.document_id) & (REVISIONS.c.number == row.number)
            connection.execute(sa.update(REVISIONS).where(this).values(values))


def words(tags: Iterable[str], said: str) -> list[str]:
    """Each once, of those that are one word to readers the first."""
    found: dict[str, str] = {}
    for each in tags:
        fit = mended(tag, each, said)
        found.setdefault(folded(fit), fit)
    return [*found.values()]


def rewrite_locales(connection: sa.Connection) -> None:
    """The oldest document's first; what would be a second one at a path, or of a translation, is left."""
    other = DOCUMENTS.alias()
    for old, new in renamed(connection, DOCUMENTS.c.locale).items():
        is_one = (other.c.path == DOCUMENTS.c.path) | (other.c.translation_key == DOCUMENTS.c.translation_key)
        is_taken = sa.exists().where(other.c.locale == new, is_one)
        found = connection.execute(
            sa.select(DOCUMENTS.c.id).where(DOCUMENTS.c.locale == old).order_by(DOCUMENTS.c.id)
        ).scalars()
        for document_id in found.all():
            this = sa.update(DOCUMENTS).where(DOCUMENTS.c.id == document_id, ~is_taken)
            if connection.execute(this.values(locale=new)).rowcount == 0:
                log.warning("document %s stays in %s: there is another one in %s", document_id, old, new)


def rewrite_pages(connection: sa.Connection) -> None:
    """Where each is found, and what lists say of it; not what it answers, which is on the record."""
    other = PAGES.alias()
    for old, new in renamed(connection, PAGES.c.locale).items():
        is_taken = sa.exists().where(other.c.path == PAGES.c.path, other.c.locale == new)
        stays = sa.exists().where(DOCUMENTS.c.id == PAGES.c.document_id, DOCUMENTS.c.locale == old)
        pages = connection.execute(sa.select(PAGES.c.path, PAGES.c.summary).where(PAGES.c.locale == old).order_by(PAGES.c.path))
        for page in pages.all():
            this = sa.update(PAGES).where(PAGES.c.path == page.path, PAGES.c.locale == old, ~is_taken, ~stays)
            if connection.execute(this.values(locale=new, summary=in_locale(page.summary, new))).rowcount == 0:
                log.warning("page %s stays in %s", page.path, old)


def in_locale(summary: bytes | None, locale: str) -> bytes | None:
    if summary is None:
        return None
    said = PageSummary.FromString(summary)
    said.locale = locale
    return said.SerializeToString()


def renamed(connection: sa.Connection, column: sa.ColumnClause[Any]) -> dict[str, str]:
    """The languages that are there under another tag than their own."""
    found = {}
    for locale in connection.execute(sa.select(column).distinct().order_by(column)).scalars():
        try:
            new = canonical(locale)
        except Unfit as unfit:
            log.warning("%s: %s", locale, unfit)
            continue
        if new != locale:
            found[locale] = new
    return found


def batches(connection: sa.Connection, wanted: sa.Select[Any], key: sa.ColumnClause[Any]) -> Iterable[Any]:
    """The rows by their key, so many at a time."""
    after = None
    while True:
        more = wanted if after is None else wanted.where(key > after)
        rows = connection.execute(more.order_by(key).limit(BATCH)).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1].document_id
