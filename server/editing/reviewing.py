"""Commands that lead a draft through its review, to its publication."""

from __future__ import annotations

from typing import Any

import click

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import reviewing_pb2 as reviewing
from gazette.content.v1.deletion_pb2 import DeleteDocumentRequest
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.publish_check_pb2 import PublishCheck
from gazette.content.v1.revising_pb2 import DiscardDraftRequest
from server.editing.changing import change, changing, draft_line, live_line
from server.importer.connecting import Connection

CHECKS = {name.removeprefix("PUBLISH_CHECK_").lower().replace("_", "-"): value for name, value in PublishCheck.items() if value}
COMMENT = click.option("--comment", default="", help="What is said with it.")


@click.command()
@changing
@COMMENT
def submit(connection: Connection, document: str, comment: str, **how: Any) -> None:
    """Hand the draft in for review."""
    with change(connection, document, **how) as (client, request, done):
        done(client.content.SubmitDocument(rpc.SubmitDocumentRequest(comment=comment, **request)), draft_line)


@click.command()
@changing
@COMMENT
def approve(connection: Connection, document: str, comment: str, **how: Any) -> None:
    """Approve the draft that was handed in, as it is now."""
    with change(connection, document, **how) as (client, request, done):
        done(client.content.ApproveDocument(rpc.ApproveDocumentRequest(comment=comment, **request)), draft_line)


@click.command("request-changes")
@changing
@click.option("--comment", required=True, help="What is to change.")
def request_changes(connection: Connection, document: str, comment: str, **how: Any) -> None:
    """Give the draft back to its authors."""
    with change(connection, document, **how) as (client, request, done):
        done(client.content.RequestChanges(rpc.RequestChangesRequest(comment=comment, **request)), draft_line)


@click.command()
@changing
def recall(connection: Connection, document: str, **how: Any) -> None:
    """Take back a draft that was handed in."""
    with change(connection, document, **how) as (client, request, done):
        done(client.content.RecallDocument(reviewing.RecallDocumentRequest(**request)), draft_line)


@click.command()
@changing
@click.option("--change-note", default="", help="What readers are told of the change; needed of what was public before.")
@click.option("--minor", is_flag=True, help="Readers need not notice.")
@click.option(
    "--force", "force_reason", metavar="REASON", default="", help="In an emergency, without the approvals that it needs."
)
@click.option(
    "--override", "checks", multiple=True, type=click.Choice([*CHECKS]), metavar="CHECK", help="A publish check not to heed."
)
@click.option("--override-reason", default="", metavar="REASON", help="Why it is not heeded.")
def publish(
    connection: Connection,
    document: str,
    change_note: str,
    minor: bool,
    force_reason: str,
    checks: tuple[str, ...],
    override_reason: str,
    **how: Any,
) -> None:
    """Make the approved draft what the public sees."""
    said: dict[str, Any] = {"change_note": change_note, "minor": minor, "override_reason": override_reason}
    said |= {"force": bool(force_reason), "force_reason": force_reason}
    with change(connection, document, **how) as (client, request, done):
        wanted = rpc.PublishDocumentRequest(**said, override_checks=[CHECKS[each] for each in checks], **request)
        done(client.content.PublishDocument(wanted), live_line)


@click.command()
@changing
def discard(connection: Connection, document: str, **how: Any) -> None:
    """Give up the draft of a page.

    The document says again what the public sees. The draft stays among the revisions.
    """
    with change(connection, document, **how) as (client, request, done):
        done(client.content.DiscardDraft(DiscardDraftRequest(**request)), draft_line)


@click.command()
@changing
def delete(connection: Connection, document: str, **how: Any) -> None:
    """Delete a document that was never public. For 30 days it can be brought back."""
    with change(connection, document, **how) as (client, request, done):
        done(client.content.DeleteDocument(DeleteDocumentRequest(**request)), deleted_line)


def deleted_line(answer: Any) -> str:
    document: Document = answer.document
    until = document.purge_time.ToJsonString()
    return f"{document.path} ({document.locale}) is deleted; {document.id} can be brought back until {until}"


COMMANDS = (submit, recall, approve, request_changes, publish, discard, delete)
