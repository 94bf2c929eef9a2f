"""A step of a review, as it is written."""

from __future__ import annotations

from typing import Any

from gazette.content.v1.review_pb2 import ReviewVerdict
from server.content.documents import saving
from server.content.documents.approvals import SHOWN_CHARACTERS
from server.content.documents.saving import Save
from server.content.transitions import Verb
from server.rpc.call import Call
from server.stores.parameters import named
from server.stores.statements import Row


def step(
    verb: Verb, verdict: ReviewVerdict.ValueType, document: Row, state: int, comment: str, call: Call, **about: Any
) -> Save:
    """The draft's next state, with what was said to it, and what else the audit is to know."""
    row = document._replace(draft_state=state, version=document.version + 1)
    changed = {"id": row.id, "version": document.version, "draft_state": state}
    parameters = named("document", changed) | said(verdict, row.revision_number, row, comment, call)
    return Save(row, parameters | saving.event(verb.action, row, **about))


def said(verdict: ReviewVerdict.ValueType, number: int, row: Row, comment: str, call: Call) -> dict[str, Any]:
    """What a statement is given of what was said to this revision."""
    review = {
        "revision_number": number,
        "account_id": call.caller.known_id,
        "draft_state": row.draft_state,
        "verdict": verdict,
        "comment": comment,
    }
    return named("review", review)


def approval(row: Row, comment: str, call: Call) -> dict[str, Any]:
    """The approval that made the document stand so, as it is read with it."""
    time = row.update_time.isoformat()
    return {"account_id": str(call.caller.known_id), "create_time": time, "comment": comment[:SHOWN_CHARACTERS]}
