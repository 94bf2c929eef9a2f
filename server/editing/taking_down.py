"""Commands that take pages down, and bring them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.removal_pb2 import Redirection, Removal
from gazette_client import Client
from server.editing.changing import DRAFTS, change, live_line, taking_down
from server.importer.connecting import Connection
from server.process.confirming import confirm, is_sure


@click.command()
@taking_down
@click.option("--explanation", required=True, help="Why, as HTML.")
def withdraw(connection: Connection, document: str, explanation: str, **how: Any) -> None:
    """Mark the page as no longer holding. It can still be read."""
    with taken_down(connection, document, **how) as (client, request, done):
        done(client.content.WithdrawDocument(rpc.WithdrawDocumentRequest(explanation=explanation, **request)))


@click.command()
@taking_down
@click.option("--explanation", required=True, help="Why, as HTML.")
@click.option("--location", default="", help="Where to look instead.")
def remove(connection: Connection, document: str, explanation: str, location: str, **how: Any) -> None:
    """Take the page down; its path says why it is gone."""
    gone = Removal(explanation=explanation, location=location)
    with taken_down(connection, document, **how) as (client, request, done):
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(gone=gone, **request)))


@click.command()
@taking_down
@click.argument("location")
@click.option("--with-all-below", is_flag=True, help="Redirect every path below, too.")
@click.option("--keep-rest", is_flag=True, help="The same, and append what follows the path to LOCATION.")
def redirect(connection: Connection, document: str, location: str, with_all_below: bool, keep_rest: bool, **how: Any) -> None:
    """Take the page down; its path leads elsewhere.

    LOCATION is a path of the site, or an https URL of a host that is trusted.
    """
    way = Redirection(location=location, covers_prefix=with_all_below or keep_rest, preserves_suffix=keep_rest)
    with taken_down(connection, document, **how) as (client, request, done):
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(redirect=way, **request)))


@click.command()
@taking_down
@click.option("--reason", required=True, help="On what grounds, for the audit alone.")
@is_sure
def vanish(connection: Connection, document: str, reason: str, is_sure: bool, **how: Any) -> None:
    """Remove for legal reasons, as if it had never been.

    All that the public sees of the document goes, at every path that it had. It asks for the path.
    """
    with taken_down(connection, document, **how) as (client, request, done):
        if not is_sure:
            found = client.content.GetDocument(GetDocumentRequest(id=request["id"])).document
            path = found.live.path or found.path
            confirm(f"{path} ({found.locale})  {found.title}\nIt vanishes from the site, with all paths that it had.", path)
        vanishing = rpc.Vanishing(reason=reason)
        done(client.content.UnpublishDocument(rpc.UnpublishDocumentRequest(vanish=vanishing, **request)))


@click.command()
@taking_down
def restore(connection: Connection, document: str, **how: Any) -> None:
    """Make a page again of what was taken down.

    It was withdrawn, removed, redirected, or has vanished.
    """
    with taken_down(connection, document, **how) as (client, request, done):
        done(client.content.RestoreDocument(rpc.RestoreDocumentRequest(**request)))


@contextmanager
def taken_down(
    connection: Connection, document: str, *, draft: str | None, **how: Any
) -> Iterator[tuple[Client, dict[str, Any], Callable[[Any], None]]]:
    with change(connection, document, **how) as (client, request, done):
        yield client, {**request, "draft": DRAFTS[draft]}, lambda answer: done(answer, live_line)


COMMANDS = (withdraw, remove, redirect, vanish, restore)
