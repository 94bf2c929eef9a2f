"""What may be deleted, and who may see and bring back what is."""

from __future__ import annotations

from typing import Any

from server.content.deletion.failures import IsScheduled, WasPublic
from server.content.documents.rules import Named
from server.content.failures import DocumentNotFound
from server.content.fields import check_document_etag
from server.content.transitions import DELETE, UNDELETE, after
from server.rpc.caller import Caller


def delete(live_state: int, draft_state: int) -> int:
    """Where the draft stands as long as it is deleted. Raises WasPublic, IsScheduled."""
    if live_state not in DELETE.live_needs:
        raise WasPublic(live_state)
    state = after(draft_state, DELETE)
    if state is None:
        raise IsScheduled
    return state


def deleted(document: Any, caller: Caller, named: Named) -> Any:
    """The deleted document that was found. Raises DocumentNotFound if it is None, and if the caller may not delete there; and
    StaleEtag."""
    if document is None or not caller.may(UNDELETE.permission, document.organisation_id, document.locale):
        raise DocumentNotFound
    check_document_etag(named.etag, document)
    return document
