"""Decisions about documents: whose they are, and whether a caller may see or change one."""

from __future__ import annotations

import uuid
from typing import Any, Protocol

from gazette.access.v1.access_pb2 import Permission
from server.content.failures import DocumentNotFound, OrganisationNotFound
from server.content.fields import check_document_etag
from server.rpc.caller import Caller

READ = Permission.PERMISSION_DOCUMENTS_READ


class Named(Protocol):
    """A request that names the document to change, and the version of it that the caller saw."""

    id: str
    etag: str


def organisation(caller: Caller, id: str, permission: Permission.ValueType) -> uuid.UUID:
    """The id of the organisation that a request concerns.

    Raises OrganisationNotFound where the caller may not even read, as for one that there is not, and PermissionDenied.
    """
    organisation_id = uuid.UUID(id)
    if not caller.may(READ, organisation_id):
        raise OrganisationNotFound
    caller.require(permission, organisation_id)
    return organisation_id


def listed(caller: Caller, organisation_id: str) -> list[uuid.UUID] | None:
    """The organisations whose documents a list shows: this one, or all, as far as the caller may read there. None for all that
    there are."""
    readable = caller.organisations(READ)
    if not organisation_id:
        return None if readable is None else [*readable]
    wanted = uuid.UUID(organisation_id)
    return [wanted] if readable is None or wanted in readable else []


def readable(document: Any, caller: Caller) -> Any:
    """The document that was found. Raises DocumentNotFound if it is None, and if the caller may not read it."""
    if document is None or not caller.may(READ, document.organisation_id):
        raise DocumentNotFound
    return document


def changeable(document: Any, caller: Caller, permission: Permission.ValueType, named: Named) -> Any:
    """The document that was found, for a change. Raises DocumentNotFound, PermissionDenied, StaleEtag."""
    readable(document, caller)
    caller.require(permission, document.organisation_id)
    check_document_etag(named.etag, document)
    return document
