"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gazette.content.v1.document_pb2 import Document, DraftState, Live
from gazette.content.v1.notice_pb2 import Notice
from gazette.content.v1.schedule_pb2 import Schedule, ScheduledTakingDown, ScheduleFailure
from server.content import fields
from server.content.documents.planned import PREFIXES, PUBLISH, SAID, TAKE_DOWN
from server.rpc.messages import message
from server.rpc.objects import Object, loaded
from server.stores.statements import Row

SCHEDULES = {DraftState.DRAFT_STATE_SCHEDULED, DraftState.DRAFT_STATE_SCHEDULE_FAILED}


def document(row: Row) -> Document:
    """From a document's row with what its newest revision says."""
    result = message(Document, row, etag=fields.document_etag(row), links=None, draft=None, live=live(row))
    put_links(result.links, row.links)
    put_draft(result, row)
    return result


def listed(row: Row) -> Document:
    """The same, without what is long: from a row of a list that was read without it."""
    result = message(Document, row, etag=fields.document_etag(row), draft=None, live=live(row, explanation=None))
    put_draft(result, row)
    return result


def live(row: Row, **but: None) -> Live:
    told = {"state": row.live_state, "revision_number": row.live_revision_number, "path": row.live_path}
    return message(Live, row, **told, schedule=schedule(row, TAKE_DOWN), **but)


def put_draft(document: Document, row: Row) -> None:
    document.draft.state = row.draft_state
    document.draft.revision_number = row.revision_number if row.draft_state else 0
    scheduled = schedule(row, PUBLISH) if row.draft_state in SCHEDULES else None
    if scheduled is not None:
        document.draft.schedule.CopyFrom(scheduled)


def schedule(row: Row, action: int) -> Schedule | None:
    """What is scheduled of the document; None if nothing is, or the row does not tell."""
    told = {name: getattr(row, f"{PREFIXES[action]}_{name}", None) for name in SAID}
    if told["action"] is None:
        return None
    failure = None
    if told["failure_reason"] is not None:
        reason, message_of_it = told["failure_reason"], told["failure_message"]
        failure = message(ScheduleFailure, reason=reason, message=message_of_it, fail_time=told["fail_time"])
    take_down = None if told["take_down"] is None else ScheduledTakingDown.FromString(told["take_down"])
    return message(Schedule, **{**told, "failure": failure, "take_down": take_down})


def notices(found: Iterable[Mapping[str, Any]] | None) -> list[Notice]:
    """As rendering names them, and as they are stored."""
    return [Notice(**each) for each in found or ()]


def put_links(targets: Any, links: Object) -> None:
    """Fills a message's map of LinkTargets, by kind of link."""
    for kind, keys in loaded(links).items():
        targets[kind].translation_keys.extend(keys)
