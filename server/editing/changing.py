"""What commands that change a document share: the version that is changed, and how the answer is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import click
from google.protobuf.json_format import MessageToDict

from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.content.v1.taking_down_pb2 import DraftHandling
from gazette_client import Client
from server.editing.naming import Command, found, id_of, naming, signed_in
from server.importer.connecting import Connection
from server.process.showing import written

DRAFTS = {
    None: DraftHandling.DRAFT_HANDLING_UNSPECIFIED,
    "keep": DraftHandling.DRAFT_HANDLING_KEEP,
    "discard": DraftHandling.DRAFT_HANDLING_DISCARD,
}
LIVE = {
    LiveState.LIVE_STATE_PUBLISHED: "is a page",
    LiveState.LIVE_STATE_WITHDRAWN: "is withdrawn",
    LiveState.LIVE_STATE_REDIRECTED: "leads to",
    LiveState.LIVE_STATE_GONE: "is gone",
    LiveState.LIVE_STATE_VANISHED: "has vanished",
}


def changing(command: Command) -> Command:
    """Adds the document, the version of it that is to be changed, and who calls."""
    etag = click.option("--etag", metavar="ETAG", help="Refuse if this is not its version.  [default: its version now]")
    return naming(etag(command))


def taking_down(command: Command) -> Command:
    """The same, and what becomes of a draft."""
    draft = click.option("--draft", type=click.Choice(["keep", "discard"]), help="What becomes of a draft, if there is one.")
    return changing(draft(command))


@contextmanager
def change(
    connection: Connection, document: str, *, locale: str, etag: str | None, is_json: bool
) -> Iterator[tuple[Client, dict[str, Any], Callable[..., None]]]:
    """A client, what every request says, and what tells the answer: in a line, or as it is."""

    done = partial(told, is_json=is_json)
    with signed_in(connection) as client:
        if etag is None:
            now = found(client, document, locale)
            yield client, {"id": now.id, "etag": now.etag}, done
        else:
            yield client, {"id": id_of(client, document, locale), "etag": etag}, done


def told(answer: Any, line: Callable[[Any], str], *, is_json: bool) -> None:
    """Tells it in a line, and what of it does not reach readers; or as it is."""
    if is_json:
        click.echo(written(MessageToDict(answer)))
        return
    click.echo(line(answer))
    for notice in getattr(answer, "notices", ()):
        click.echo(f"{notice.field}: {notice.reason}: {notice.message}", err=True)


def draft_line(answer: Any) -> str:
    """Where its draft stands."""
    document: Document = answer.document
    state = state_name(document.draft.state) if document.draft.state else "what the public sees"
    return f"{document.path} ({document.locale}) revision {document.revision_number} is {state}"


def live_line(answer: Any) -> str:
    """What has become of its page."""
    document: Document = answer.document
    live = document.live
    where = f" {live.location}" if live.state == LiveState.LIVE_STATE_REDIRECTED else ""
    return f"{live.path} ({document.locale}) {LIVE[live.state]}{where}; record entry {answer.record_number}"


def state_name(state: DraftState.ValueType) -> str:
    return DraftState.Name(state).removeprefix("DRAFT_STATE_").lower().replace("_", " ")
