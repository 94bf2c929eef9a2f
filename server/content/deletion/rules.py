"""What may be deleted, and who may see and bring back what is."""

from __future__ import annotations

from typing import Any

from gazette.access.v1.access_pb2 import Permission
from server.content.deletion.failures import IsScheduled, WasPublic
from server.content.documents.rules import Named
from server.content.failures import DocumentNotFound
from server.content.fields import check_document_etag
from server.content.transitions import NOWHERE, SCHEDULED
from server.rpc.caller import Caller

DELETE = Permission.PERMISSION_DOCUMENTS_DELETE


def check_deletable(live_state: int, draft_state: int) -> None:
    """Raises WasPublic, IsScheduled."""
    if live_state != NOWHERE:
        raise WasPublic(live_state)
    if draft_state == SCHEDULED:
        raise IsScheduled


def deleted(document: Any, caller: Caller, named: Named) -> Any:
    """The deleted document that was found. Raises DocumentNotFound if it is None, and if the caller may not delete there; and
    StaleEtag."""
    if document is None or not caller.may(DELETE, document.organisation_id, document.locale):
        raise DocumentNotFound
    check_document_etag(named.etag, document)
    return document
