"""`gazette texts`: what is stored and would not be taken any more, and is to be mended by somebody who knows what was meant.

It asks the tables of all domains, as their owner would: nobody else has all that people read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple

import click
from sqlalchemy import ARRAY, Text, column, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from server.process.commands import run
from server.process.showing import as_json, written
from server.rpc.texts.characters import Unfit, is_visible
from server.rpc.texts.forms import Form, data, folded, line, markup, paragraphs, tag
from server.rpc.texts.languages import canonical

DOCUMENTS = table("documents", *map(column, ("id", "path", "locale", "revision_number")))
REVISIONS = table(
    "revisions",
    *map(column, ("document_id", "number", "title", "summary", "body")),
    column("tags", ARRAY(Text)),
    column("details", JSONB),
)
PAGES = table("pages", column("path"), column("locale"))
NAMES: tuple[tuple[str, str, str, Form, bool], ...] = (
    ("accounts", "id", "name", line, False),
    ("accounts", "id", "email", line, False),
    ("organisations", "slug", "name", line, True),
    ("content_types", "name", "title", line, True),
    ("api_keys", "id", "name", line, True),
    ("files", "id", "name", line, True),
    ("files", "id", "alternative_text", paragraphs, False),
)
"""Table, key, column, form, and whether something of it must be seen."""


class Unmended(NamedTuple):
    """Something that is stored and would be refused."""

    what: str
    """`documents` and its like."""
    id: str
    field: str
    why: str


@click.group()
def texts() -> None:
    """What people read, and whether it would still be taken."""


@texts.command("unmended")
@as_json
def list_unmended(is_json: bool) -> None:
    """List what is stored and would be refused now: from before there were rules for texts and for tags of languages."""

    async def read(connection: AsyncConnection) -> list[Unmended]:
        return [each async for each in unmended(connection)]

    found = run(read)
    if is_json:
        click.echo(written([each._asdict() for each in found]))
        return
    for each in found:
        click.echo("  ".join(each))


async def unmended(connection: AsyncConnection) -> AsyncIterator[Unmended]:
    for name, key, field, form, is_needed in NAMES:
        there = table(name, *map(column, dict.fromkeys((key, field))))
        async for row in await connection.stream(select(there.c[key], there.c[field]).order_by(there.c[key])):
            if row[1] is not None and (why := problem(form, row[1], is_needed=is_needed)):
                yield Unmended(name, str(row[0]), field, why)
    newest = (REVISIONS.c.document_id == DOCUMENTS.c.id) & (REVISIONS.c.number == DOCUMENTS.c.revision_number)
    documents = select(DOCUMENTS, REVISIONS).join(REVISIONS, newest).order_by(DOCUMENTS.c.id)
    async for row in await connection.stream(documents):
        for field, why in of_document(row):
            yield Unmended("documents", f"{row.id} {row.path}", field, why)
    async for row in await connection.stream(select(PAGES).order_by(PAGES.c.path)):
        if why := problem(canonical, row.locale):
            yield Unmended("pages", f"{row.path} {row.locale}", "locale", why)


def problem(form: Callable[[str], str], text: str, *, is_needed: bool = False) -> str:
    """Why the text would be refused, or is not in its form; empty if neither."""
    try:
        fit = form(text)
    except Unfit as unfit:
        return str(unfit)
    if is_needed and not is_visible(fit):
        return "has nothing that can be seen"
    return "" if fit == text else "is not in its form, whose place something else has"


def of_document(row: Any) -> Iterable[tuple[str, str]]:
    """What is wrong with a document as its newest revision has it. A body that only lacks its form gets it once it is saved."""
    yield from named("locale", problem(canonical, row.locale))
    yield from named("title", problem(line, row.title, is_needed=True))
    yield from named("summary", problem(paragraphs, row.summary) if row.summary else "")
    yield from named("body", refusal(markup, row.body))
    known: set[str] = set()
    for at, each in enumerate(row.tags):
        yield from named(f"tags[{at}]", problem(tag, each, is_needed=True))
        yield from named(f"tags[{at}]", "is the same as another tag" if folded(each) in known else "")
        known.add(folded(each))
    for text in strings(row.details):
        yield from named("details", refusal(data, text))


def named(field: str, why: str) -> Iterable[tuple[str, str]]:
    return ((field, why),) if why else ()


def refusal(form: Form, text: str) -> str:
    try:
        form(text)
    except Unfit as unfit:
        return str(unfit)
    return ""


def strings(value: Any) -> Iterable[str]:
    """Those of JSON, the names of members among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from strings(each)
