"""`gazette documents`: taking pages down, and bringing them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette_client import Client, GazetteError
from server.importer.connecting import Connection, caller_options, connected
from server.process.commands import as_json, written

Command = Callable[..., None]
DRAFTS = {
    None: rpc.DraftHandling.DRAFT_HANDLING_UNSPECIFIED,
    "keep": rpc.DraftHandling.DRAFT_HANDLING_KEEP,
    "discard": rpc.DraftHandling.DRAFT_HANDLING_DISCARD,
}
SAID = {
    LiveState.LIVE_STATE_PUBLISHED: "is a page",
    LiveState.LIVE_STATE_WITHDRAWN: "is withdrawn",
    LiveState.LIVE_STATE_REDIRECTED: "leads to",
    LiveState.LIVE_STATE_GONE: "is gone",
    LiveState.LIVE_STATE_VANISHED: "has vanished",
}


class Refusal(click.ClickException):
    """The service has refused it; nothing has changed."""

    def __init__(self, error: GazetteError) -> None:
        super().__init__(f"{error.reason}: {error.message}")


@click.group()
def documents() -> None:
    """Documents and what the public sees of them. Each is named by its id."""


def change(command: Command) -> Command:
    """Adds what every change asks for: the document, who calls, and what becomes of a draft."""

    @wraps(command)
    def with_options(**given: Any) -> None:
        connection = Connection(**{name: given.pop(name) for name in Connection._fields if name in given})
        command(connection=connection, **given)

    etag = click.option("--etag", metavar="ETAG", help="Refuse if this is not its version.  [default: its version now]")
    draft = click.option("--draft", type=click.Choice(["keep", "discard"]), help="What becomes of a draft, if there is one.")
    return click.argument("id")(etag(draft(as_json(caller_options(with_options)))))


@documents.command()
@change
@click.option("--explanation", required=True, help="Why, as HTML.")
def withdraw(connection: Connection, id: str, explanation: str, **how: Any) -> None:
    """Mark the page as no longer holding. It can still be read."""
    with changing(connection, id, **how) as (client, request, done):
        done(client.content.WithdrawDocument(rpc.WithdrawDocumentRequest(explanation=explanation, **request)))


@documents.command()
@change
@click.option("--explanation", required=True, help="Why, as HTML.")
@click.option("--location", default="", help="Where to look instead.")
def remove(connection: Connection, id: str, explanation: str, location: str, **how: Any) -> None:
    """Take the page down; its path says that it is gone, and why."""
    gone = rpc.Removal(explanation=explanation, location=location)
    with changing(connection, id, **how) as (client, request, done):
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(gone=gone, **request)))


@documents.command()
@change
@click.argument("location")
@click.option("--with-all-below", is_flag=True, help="Redirect every path below, too.")
@click.option("--keep-rest", is_flag=True, help="The same, and append what follows the path to LOCATION.")
def redirect(connection: Connection, id: str, location: str, with_all_below: bool, keep_rest: bool, **how: Any) -> None:
    """Take the page down; its path leads to LOCATION, a path of the site or an https URL of a host that is trusted."""
    way = rpc.Redirection(location=location, covers_prefix=with_all_below or keep_rest, preserves_suffix=keep_rest)
    with changing(connection, id, **how) as (client, request, done):
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(redirect=way, **request)))


@documents.command()
@change
@click.option("--reason", required=True, help="On what grounds, for the audit alone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def vanish(connection: Connection, id: str, reason: str, yes: bool, **how: Any) -> None:
    """Remove for legal reasons all that the public sees of the document, as if it had never been."""
    with changing(connection, id, **how) as (client, request, done):
        if not yes:
            path = client.content.GetDocument(GetDocumentRequest(id=id)).document.live.path
            click.confirm(f"Let {path or id} vanish, with all paths that it had?", abort=True, err=True)
        vanishing = rpc.Vanishing(reason=reason)
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(vanish=vanishing, **request)))


@documents.command()
@change
def restore(connection: Connection, id: str, **how: Any) -> None:
    """Make a page again of what was withdrawn, removed, redirected or vanished."""
    with changing(connection, id, **how) as (client, request, done):
        done(client.content.RestoreDocument(rpc.RestoreDocumentRequest(**request)))


@contextmanager
def changing(
    connection: Connection, id: str, *, etag: str | None, draft: str | None, is_json: bool
) -> Iterator[tuple[Client, dict[str, Any], Callable[[Any], None]]]:
    """A client, what every request says, and what shows the answer."""

    def done(answer: Any) -> None:
        if is_json:
            click.echo(written(MessageToDict(answer)))
        else:
            click.echo(line(answer.document, answer.record_number))
            for notice in getattr(answer, "notices", ()):
                click.echo(f"{notice.field}: {notice.reason}: {notice.message}", err=True)

    with connected(connection, for_all=True) as (client, _):
        try:
            if etag is None:
                etag = client.content.GetDocument(GetDocumentRequest(id=id)).document.etag
            yield client, {"id": id, "etag": etag, "draft": DRAFTS[draft]}, done
        except GazetteError as error:
            raise Refusal(error) from None


def line(document: Document, record_number: int) -> str:
    """What has become of it."""
    live = document.live
    where = f" {live.location}" if live.state == LiveState.LIVE_STATE_REDIRECTED else ""
    return f"{live.path} ({document.locale}) {SAID[live.state]}{where}; record entry {record_number}"
