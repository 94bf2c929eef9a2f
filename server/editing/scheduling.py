"""Commands for what happens to a document by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.removal_pb2 import Redirection, Removal, Withdrawing
from gazette.content.v1.schedule_pb2 import ScheduledAction, ScheduledTakingDown
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest, UnscheduleDocumentRequest
from server.editing.changing import change, changing
from server.importer.connecting import Connection


@click.command()
@changing
@click.argument("time", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), metavar="TIME")
@click.option("--minor", is_flag=True, help="Readers need not notice what is published.")
@click.option("--change-note", default="", help="What readers are told of the change; needed of what was public before.")
@click.option("--withdraw", metavar="EXPLANATION", help="Mark the page as no longer holding, instead of publishing a draft.")
@click.option("--remove", metavar="EXPLANATION", help="Take the page down.")
@click.option("--redirect", metavar="LOCATION", help="Take the page down; its path leads there.")
def schedule(
    connection: Connection,
    document: str,
    time: datetime,
    minor: bool,
    change_note: str,
    withdraw: str | None,
    remove: str | None,
    redirect: str | None,
    **how: Any,
) -> None:
    """Publish, or take down, at a TIME.

    An approved draft is published by itself at TIME, such as 2026-12-01T08:00Z; or the page is taken down then.
    """
    asked = {
        "withdrawn": withdraw and Withdrawing(explanation=withdraw),
        "gone": remove and Removal(explanation=remove),
        "redirect": redirect and Redirection(location=redirect),
    }
    into: Any = {name: value for name, value in asked.items() if value}
    if len(into) > 1:
        raise click.UsageError("a page becomes one thing: --withdraw, --remove or --redirect")
    take_down = ScheduledTakingDown(**into) if into else None
    with change(connection, document, **how) as (client, request, done):
        wanted = ScheduleDocumentRequest(minor=minor, change_note=change_note, take_down=take_down, **request)
        wanted.due_time.FromDatetime(time)
        done(client.content.ScheduleDocument(wanted), line)


@click.command()
@changing
@click.option("--taking-down", is_flag=True, help="What is to take the page down, instead of what is to publish the draft.")
def unschedule(connection: Connection, document: str, taking_down: bool, **how: Any) -> None:
    """Take back what is to happen by itself."""
    action = ScheduledAction.SCHEDULED_ACTION_TAKE_DOWN if taking_down else ScheduledAction.SCHEDULED_ACTION_PUBLISH
    with change(connection, document, **how) as (client, request, done):
        done(client.content.UnscheduleDocument(UnscheduleDocumentRequest(action=action, **request)), line)


def line(answer: Any) -> str:
    """What is to become of it."""
    document: Document = answer.document
    planned: list[tuple[str, Any]] = [("is published", document.draft), ("is taken down", document.live)]
    told = [f"{what} at {side.schedule.due_time.ToJsonString()}" for what, side in planned if side.HasField("schedule")]
    return f"{document.path} ({document.locale}) {' and '.join(told) or 'is not scheduled'}"


COMMANDS = (schedule, unschedule)
