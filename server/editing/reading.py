"""Commands that show documents: lists, one document, its revisions and what differs between them, and its problems."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.content.v1 import comparing_pb2, publish_check_pb2
from gazette.content.v1.document_pb2 import Document, Revision
from gazette_client import Client
from server.editing import differences, tables, texts
from server.editing.naming import asking, found, id_of, naming, signed_in
from server.editing.states import DRAFT_STATES, LIVE_STATES, draft_state, live_state
from server.importer.connecting import Connection
from server.process.showing import show_all, written

PAGE_SIZE = 200
HEADINGS = ("path", "locale", "title", "type", "draft", "live", "updated", "id")
STATES: Mapping[str, Mapping[str, int]] = {"draft_state": DRAFT_STATES, "live_state": LIVE_STATES}
LIMIT = click.option("--limit", type=click.IntRange(1), default=50, help="How many at most.")


@click.command("list")
@click.option("--organisation", metavar="SLUG", help="Whose.  [default: of all that you may read]")
@click.option("--type", "content_type", metavar="NAME", help="Of this content type.")
@click.option("--locale", help="In this language.")
@click.option("--below", "path_prefix", metavar="PATH", help="At this path and below it.")
@click.option("--draft", "draft_state", type=click.Choice([*DRAFT_STATES]), help="With a draft that stands there.")
@click.option("--live", "live_state", type=click.Choice([*LIVE_STATES]), help="Of which the public sees this.")
@click.option("--tag", help="With this tag.")
@click.option("--author", "author_id", metavar="ACCOUNT_ID", help="Whose newest revision this account saved.")
@click.option("--text", "query", metavar="WORDS", help="With these words in title, summary or path.")
@click.option("--scheduled", "is_scheduled", is_flag=True, help="With something that is to happen by itself.")
@click.option("--order", "order_by", default="", help="Such as `title`, `path`, `update_time desc`, or two with a comma.")
@LIMIT
@asking
def list_documents(connection: Connection, limit: int, is_json: bool, **filters: Any) -> None:
    """List documents that have all of what is asked for.

    In a terminal as a table, which leaves out what it has no room for; in a pipe with tabs between all of path, locale, title,
    type, draft, live, updated, id.
    """
    wanted = {name: value for name, value in filters.items() if value}
    wanted |= {name: states[wanted[name]] for name, states in STATES.items() if name in wanted}
    with signed_in(connection) as client:
        if connection.organisation is not None:
            wanted["organisation_id"] = organisation_id(client, connection.organisation)
        documents = [*islice(client.documents(page_size=min(limit, PAGE_SIZE), **wanted), limit)]
    if is_json:
        click.echo(written([MessageToDict(each) for each in documents]))
    else:
        tables.show(HEADINGS, [*map(row, documents)], long={"path", "title"}, wide={"type", "updated", "id"})


def organisation_id(client: Client, slug: str) -> str:
    for each in client.organisations(page_size=PAGE_SIZE):
        if each.slug == slug:
            return each.id
    raise click.BadParameter(f"there is no organisation {slug!r}", param_hint="--organisation")


def row(document: Document) -> tuple[str, ...]:
    states = draft_state(document.draft.state), live_state(document.live.state)
    updated = minute(document.update_time)
    return document.path, document.locale, document.title, document.content_type, *states, updated, document.id


@click.command()
@naming
def get(connection: Connection, document: str, locale: str, is_json: bool) -> None:
    """Show a document, as it is edited."""
    with signed_in(connection) as client:
        shown = found(client, document, locale)
    if is_json:
        click.echo(written(MessageToDict(shown)))
    else:
        text = texts.written(shown)
        click.echo(text, nl=not text.endswith("\n"))


@click.command()
@LIMIT
@naming
def history(connection: Connection, document: str, locale: str, limit: int, is_json: bool) -> None:
    """List a document's revisions, newest first."""
    with signed_in(connection) as client:
        id = id_of(client, document, locale)
        revisions = [*islice(client.revisions(id, page_size=min(limit, 100)), limit)]
    if is_json:
        show_all(revisions, str, is_json=True)
    else:
        tables.show(("number", "saved", "by", "title"), [*map(revision_row, revisions)], long={"title"})


def revision_row(revision: Revision) -> tuple[str, ...]:
    return str(revision.number), minute(revision.create_time), revision.author_id, revision.title


def minute(moment: Timestamp) -> str:
    return f"{moment.ToDatetime():%Y-%m-%dT%H:%MZ}"


REVISION = "a number, `live` or `newest`"


@click.command()
@naming
@click.option("--from", "begin", default="", metavar="REVISION", help=f"The earlier one: {REVISION}.  [default: live]")
@click.option("--to", "end", default="", metavar="REVISION", help=f"The later one: {REVISION}.  [default: newest]")
def diff(connection: Connection, document: str, locale: str, begin: str, end: str, is_json: bool) -> None:
    """Show what differs between two revisions.

    Texts are compared word by word: [-what went-], {+what came+}.
    """
    with signed_in(connection) as client:
        request = comparing_pb2.DiffRevisionsRequest(document_id=id_of(client, document, locale), to=end)
        setattr(request, "from", begin)
        answer = client.content.DiffRevisions(request)
    if is_json:
        click.echo(written(MessageToDict(answer)))
        return
    for line in differences.lines(answer):
        click.echo(line)


@click.command()
@naming
def check(connection: Connection, document: str, locale: str, is_json: bool) -> None:
    """Show what is in the way of publication, or of readers.

    Exit code 1: something is in the way of publication.
    """
    with signed_in(connection) as client:
        request = publish_check_pb2.CheckDocumentRequest(id=id_of(client, document, locale))
        answer = client.content.CheckDocument(request)
    if is_json:
        click.echo(written(MessageToDict(answer)))
    else:
        for problem in answer.problems:
            click.echo(problem_line(problem))
        if not answer.problems:
            click.echo("nothing is in the way")
    if not answer.can_publish:
        raise click.exceptions.Exit(1)


def problem_line(problem: publish_check_pb2.PublishProblem) -> str:
    level = publish_check_pb2.PublishCheckLevel.Name(problem.level).rpartition("_")[2].lower()
    where = f"{problem.field}:{problem.line}" if problem.line else problem.field
    criterion = f" (WCAG {problem.criterion.number})" if problem.criterion.number else ""
    return f"{level}: {where}: {problem.message}{criterion}"


COMMANDS = (list_documents, get, history, diff, check)
