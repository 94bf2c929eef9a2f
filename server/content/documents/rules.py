"""Decisions about documents: whose they are, and what an import may overtake."""

from __future__ import annotations

import uuid

from gazette.access.v1.access_pb2 import Permission
from server.content.failures import DraftInProgress, OrganisationNotFound
from server.content.review.rules import NOTHING
from server.rpc.caller import Caller


def organisation(caller: Caller, id: str, permission: Permission.ValueType) -> uuid.UUID:
    """The id of the organisation that a request concerns.

    Raises OrganisationNotFound where the caller may not even read, as for one that there is not, and PermissionDenied.
    """
    organisation_id = uuid.UUID(id)
    if not caller.may(Permission.PERMISSION_DOCUMENTS_READ, organisation_id):
        raise OrganisationNotFound
    caller.require(permission, organisation_id)
    return organisation_id


def overtake(state: int) -> None:
    """An import becomes public at once, and must not leave a draft behind that knows nothing of it."""
    if state != NOTHING:
        raise DraftInProgress
