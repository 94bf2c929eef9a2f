"""Rows of this domain as the contract's messages, where a field's name alone does not say it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from gazette.content.v1.document_pb2 import Document, Draft, Live
from gazette.content.v1.notice_pb2 import Notice
from gazette.content.v1.review_pb2 import Approval, Forcing
from gazette.content.v1.schedule_pb2 import Schedule, ScheduledTakingDown, ScheduleFailure
from server.content import fields
from server.content.documents.planned import PREFIXES, PUBLISH, SAID, TAKE_DOWN
from server.content.transitions import HAS_APPROVALS, SCHEDULE_FAILED, SCHEDULED
from server.rpc.messages import message
from server.rpc.objects import Object, loaded
from server.stores.statements import Row

KEPT = timedelta(days=30)
"""How long what was deleted can be brought back."""
SCHEDULES = {SCHEDULED, SCHEDULE_FAILED}


def document(row: Row) -> Document:
    """From a document's row with what its newest revision says."""
    result = message(Document, row, etag=fields.document_etag(row), links=None, draft=None, live=live(row), **deletion(row))
    put_links(result.links, row.links)
    put_draft(result, row)
    return result


def listed(row: Row) -> Document:
    """The same, without what is long: from a row of a list that was read without it."""
    told = {"draft": None, "live": live(row, explanation=None), **deletion(row)}
    result = message(Document, row, etag=fields.document_etag(row), **told)
    put_draft(result, row)
    return result


def deletion(row: Row) -> dict[str, datetime | None]:
    """When the document was deleted, if it still is, and until when it can be brought back."""
    time = row.delete_time if row.delete_version == row.version else None
    return {"delete_time": time, "purge_time": time and time + KEPT}


def live(row: Row, **but: None) -> Live:
    told = {"state": row.live_state, "revision_number": row.live_revision_number, "path": row.live_path}
    return message(Live, row, **told, schedule=schedule(row, TAKE_DOWN), forced=forced(row), **but)


def forced(row: Row) -> Forcing | None:
    """What was published by force, and nobody has approved since."""
    if getattr(row, "force_time", None) is None:
        return None
    return message(
        Forcing, row, account_id=row.force_account_id, reason=row.force_reason, revision_number=row.force_revision_number
    )


def put_draft(document: Document, row: Row) -> None:
    document.draft.state = row.draft_state
    document.draft.revision_number = row.revision_number if row.draft_state else 0
    if row.draft_state:
        put_review(document.draft, row)
    scheduled = schedule(row, PUBLISH) if row.draft_state in SCHEDULES else None
    if scheduled is not None:
        document.draft.schedule.CopyFrom(scheduled)


def put_review(draft: Draft, row: Row) -> None:
    given = getattr(row, "approvals", None) if row.draft_state in HAS_APPROVALS else None
    for each in given or ():
        time = datetime.fromisoformat(each["create_time"])
        draft.approvals.append(message(Approval, **{**each, "create_time": time}))
    draft.required_approvals = getattr(row, "required_approvals", None) or 0
    draft.blocking_comments = row.blocking_comments or 0


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
