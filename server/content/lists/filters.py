"""What lists of documents are filtered by."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, TSQUERY, array
from sqlalchemy.orm import aliased

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import DraftState
from server.content.documents.planned import PUBLISH
from server.content.documents.queries import IS_DELETED, IS_THERE
from server.content.models import Document, Schedule

NOTHING = 0
TIME = TIMESTAMP(timezone=True)
STANDING = (DraftState.DRAFT_STATE_SCHEDULED, DraftState.DRAFT_STATE_SCHEDULE_FAILED)
SCHEDULED = aliased(Document, name="scheduled")
IS_SCHEDULED = or_(*(SCHEDULED.draft_state == literal_column(str(int(each))) for each in STANDING))
HOLDS = or_(Schedule.action != PUBLISH, IS_SCHEDULED)
"""Whether a schedule still holds: one to publish does while the draft stands so."""

PREFIX = bindparam("path_prefix", type_=Text())
IS_WITHIN = or_(Document.path == PREFIX, func.starts_with(Document.path, PREFIX.concat(literal_column("'/'"))))
QUERY = func.websearch_to_tsquery(
    literal_column("'simple'::regconfig"),
    func.translate(bindparam("query", type_=Text()), literal_column("'/'"), literal_column("' '")),
)
HAS_WORDS = Document.words.op("@@")(
    cast(func.regexp_replace(cast(QUERY, Text), literal_column("'''$'"), literal_column("''':*'")), TSQUERY)
)
"""Whether what somebody would type into a search box is found; its last word may be the beginning of one."""

EQUAL = ("content_type", "locale", "draft_state", "live_state")
FILTERS: dict[str, ColumnElement[bool]] = {
    "organisations": Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))),
    **{
        each.key: each == bindparam(each.key, type_=each.type)
        for each in Document.__table__.c
        if each.key in {"organisation_id", *EQUAL}
    },
    "author_id": Document.newest_author_id == bindparam("author_id", type_=Uuid()),
    "tag": Document.newest_tags.op("@>")(cast(array([bindparam("tag", type_=Text())]), ARRAY(Text()))),
    "path_prefix": IS_WITHIN,
    "query": HAS_WORDS,
    "updated_since_time": Document.update_time >= bindparam("updated_since_time", type_=TIME),
    "updated_until_time": Document.update_time < bindparam("updated_until_time", type_=TIME),
    "has_draft": Document.draft_state != NOTHING,
    "has_no_draft": Document.draft_state == NOTHING,
    "is_live": Document.live_state != NOTHING,
    "is_not_live": Document.live_state == NOTHING,
    "deleted": IS_DELETED,
    "review_due_before": and_(
        Document.live_state == literal_column("1"), Document.review_by_time < bindparam("review_due_before", type_=TIME)
    ),
}
OF_SCHEDULES: dict[str, ColumnElement[bool]] = {
    "is_scheduled": Schedule.next_attempt_time.is_not(None),
    "has_failed": Schedule.fail_time.is_not(None),
    "scheduled_action": Schedule.action == bindparam("scheduled_action", type_=Integer()),
    "due_until_time": Schedule.due_time < bindparam("due_until_time", type_=TIME),
}
"""What is asked of one and the same schedule of the document."""
ANYONES = {"organisation_id", "organisations"}


def conditions(names: Collection[str]) -> list[ColumnElement[bool]]:
    """Those of the filters of these names, each of which takes the parameter of its name, if it takes one."""
    found = [FILTERS[name] for name in sorted(names) if name in FILTERS]
    if "deleted" not in names:
        found.append(IS_THERE)
    if asked := [OF_SCHEDULES[name] for name in sorted(names) if name in OF_SCHEDULES]:
        # Found out first: few documents are scheduled, and PostgreSQL would look for them among all.
        ids = select(Schedule.document_id).join(SCHEDULED, SCHEDULED.id == Schedule.document_id).where(HOLDS, *asked)
        found.append(Document.id == any_(func.array(ids.scalar_subquery(), type_=ARRAY(Uuid()))))
    return found


def are_skewed(names: Collection[str]) -> bool:
    """Whether as little as one document may match, or nearly all: a plan that is good for one value is bad for another."""
    return not {*names} <= ANYONES


def given(request: rpc.ListDocumentsRequest, whose: list[uuid.UUID] | None) -> dict[str, Any]:
    """The filters that a request names, by name, with what each is given; of these organisations, or of all."""
    said: dict[str, Any] = {
        name: value for name in (*EQUAL, "tag", "query", "scheduled_action") if (value := getattr(request, name))
    }
    if whose is not None:  # of one alone, PostgreSQL finds the newest at the end of an index
        said |= {"organisation_id": whose[0]} if len(whose) == 1 else {"organisations": whose}
    if request.author_id:
        said["author_id"] = uuid.UUID(request.author_id)
    if request.path_prefix not in {"", "/"}:
        said["path_prefix"] = request.path_prefix
    for field, value in request.ListFields():
        if isinstance(value, Timestamp):
            said[field.name] = value.ToDatetime(UTC)
    if request.HasField("has_draft"):
        said["has_draft" if request.has_draft else "has_no_draft"] = True
    if request.HasField("is_live"):
        said["is_live" if request.is_live else "is_not_live"] = True
    return said | {name: True for name in ("is_scheduled", "has_failed", "deleted") if getattr(request, name)}
