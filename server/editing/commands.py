"""`gazette documents`: taking pages down, bringing them back, and what happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.content.v1.removal_pb2 import Redirection, Removal, Withdrawing
from gazette.content.v1.schedule_pb2 import ScheduledAction, ScheduledTakingDown
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest, UnscheduleDocumentRequest
from gazette_client import Client, GazetteError
from server.importer.connecting import Connection, caller_options, connected
from server.process.commands import as_json, written

Command = Callable[..., None]
ETAG = click.option("--etag", metavar="ETAG", help="Refuse if this is not its version.  [default: its version now]")
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


def call(command: Command) -> Command:
    """Adds what every command asks for: the document, its version, and who calls."""

    @wraps(command)
    def with_options(**given: Any) -> None:
        connection = Connection(**{name: given.pop(name) for name in Connection._fields if name in given})
        command(connection=connection, **given)

    return click.argument("id")(ETAG(as_json(caller_options(with_options))))


def change(command: Command) -> Command:
    """The same, and what becomes of a draft."""
    draft = click.option("--draft", type=click.Choice(["keep", "discard"]), help="What becomes of a draft, if there is one.")
    return call(draft(command))


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
    gone = Removal(explanation=explanation, location=location)
    with changing(connection, id, **how) as (client, request, done):
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(gone=gone, **request)))


@documents.command()
@change
@click.argument("location")
@click.option("--with-all-below", is_flag=True, help="Redirect every path below, too.")
@click.option("--keep-rest", is_flag=True, help="The same, and append what follows the path to LOCATION.")
def redirect(connection: Connection, id: str, location: str, with_all_below: bool, keep_rest: bool, **how: Any) -> None:
    """Take the page down; its path leads to LOCATION, a path of the site or an https URL of a host that is trusted."""
    way = Redirection(location=location, covers_prefix=with_all_below or keep_rest, preserves_suffix=keep_rest)
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


@documents.command()
@call
@click.argument("time", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), metavar="TIME")
@click.option("--minor", is_flag=True, help="Readers need not notice what is published.")
@click.option("--change-note", default="", help="What readers are told of the change; needed of what was public before.")
@click.option("--withdraw", metavar="EXPLANATION", help="Mark the page as no longer holding, instead of publishing a draft.")
@click.option("--remove", metavar="EXPLANATION", help="Take the page down.")
@click.option("--redirect", metavar="LOCATION", help="Take the page down; its path leads there.")
def schedule(
    connection: Connection,
    id: str,
    time: datetime,
    minor: bool,
    change_note: str,
    withdraw: str | None,
    remove: str | None,
    redirect: str | None,
    **how: Any,
) -> None:
    """Publish the approved draft by itself at TIME, such as 2026-12-01T08:00Z; or take the page down then."""
    asked = {
        "withdrawn": withdraw and Withdrawing(explanation=withdraw),
        "gone": remove and Removal(explanation=remove),
        "redirect": redirect and Redirection(location=redirect),
    }
    into: Any = {name: value for name, value in asked.items() if value}
    if len(into) > 1:
        raise click.UsageError("a page becomes one thing: --withdraw, --remove or --redirect")
    take_down = ScheduledTakingDown(**into) if into else None
    with changing(connection, id, draft=None, **how) as (client, request, done):
        del request["draft"]
        wanted = ScheduleDocumentRequest(minor=minor, change_note=change_note, take_down=take_down, **request)
        wanted.due_time.FromDatetime(time)
        done(client.content.ScheduleDocument(wanted))


@documents.command()
@call
@click.option("--taking-down", is_flag=True, help="What is to take the page down, instead of what is to publish the draft.")
def unschedule(connection: Connection, id: str, taking_down: bool, **how: Any) -> None:
    """Take back what is to happen by itself."""
    action = ScheduledAction.SCHEDULED_ACTION_TAKE_DOWN if taking_down else ScheduledAction.SCHEDULED_ACTION_PUBLISH
    with changing(connection, id, draft=None, **how) as (client, request, done):
        del request["draft"]
        done(client.content.UnscheduleDocument(UnscheduleDocumentRequest(action=action, **request)))


@contextmanager
def changing(
    connection: Connection, id: str, *, etag: str | None, draft: str | None, is_json: bool
) -> Iterator[tuple[Client, dict[str, Any], Callable[[Any], None]]]:
    """A client, what every request says, and what shows the answer."""

    def done(answer: Any) -> None:
        if is_json:
            click.echo(written(MessageToDict(answer)))
        else:
            click.echo(line(answer))
            for notice in getattr(answer, "notices", ()):
                click.echo(f"{notice.field}: {notice.reason}: {notice.message}", err=True)

    with connected(connection, for_all=True) as (client, _):
        try:
            if etag is None:
                etag = client.content.GetDocument(GetDocumentRequest(id=id)).document.etag
            yield client, {"id": id, "etag": etag, "draft": DRAFTS[draft]}, done
        except GazetteError as error:
            raise Refusal(error) from None


def line(answer: Any) -> str:
    """What has become of it."""
    document: Document = answer.document
    if not hasattr(answer, "record_number"):
        return schedule_line(document)
    live = document.live
    where = f" {live.location}" if live.state == LiveState.LIVE_STATE_REDIRECTED else ""
    return f"{live.path} ({document.locale}) {SAID[live.state]}{where}; record entry {answer.record_number}"


def schedule_line(document: Document) -> str:
    """What is to become of it."""
    planned: list[tuple[str, Any]] = [("is published", document.draft), ("is taken down", document.live)]
    told = [f"{what} at {side.schedule.due_time.ToJsonString()}" for what, side in planned if side.HasField("schedule")]
    return f"{document.path} ({document.locale}) {' and '.join(told) or 'is not scheduled'}"
