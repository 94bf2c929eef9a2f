"""Decisions: what may be uploaded, and what is refused before its bytes come."""

from __future__ import annotations

import unicodedata
import uuid

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileUpload
from server.files.failures import FileTooLarge, LengthRequired, OrganisationNotFound
from server.files.fields import Fields
from server.rpc import failures
from server.rpc.caller import Caller
from server.rpc.failures import Violation
from server.rpc.texts import characters

WRITE = Permission.PERMISSION_FILES_WRITE
SEPARATORS = frozenset("/\\")
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


STREAM_FIELDS = Fields("upload.name", "upload.size_bytes", "upload.sha256", "chunk")
BODY_FIELDS = Fields("name", "content-length", "sha256", "content")
FORM_FIELDS = BODY_FIELDS._replace(beside=16 * 1024)


def check_upload(upload: FileUpload, caller: Caller, max_bytes: int, fields: Fields) -> None:
    """Raises what is wrong with an upload before its bytes come."""
    check_organisation(caller, uuid.UUID(upload.organisation_id))
    check_name(upload.name, fields)
    if upload.size_bytes - fields.beside > max_bytes:
        raise FileTooLarge(fields.size, max_bytes)


def check_organisation(caller: Caller, organisation_id: uuid.UUID) -> None:
    """Who may read the organisation's files is told that writing is not allowed; for others there is no such organisation."""
    if caller.may(WRITE, organisation_id):
        return
    if not caller.may(Permission.PERMISSION_FILES_READ, organisation_id):
        raise OrganisationNotFound
    caller.require(WRITE, organisation_id)


def check_name(name: str, fields: Fields) -> None:
    """A name comes back to the character or is refused. Refused is what could pass for a path or for another name."""
    if name != name.strip() or name.strip(".") == "":
        raise failures.InvalidArgument(Violation(fields.name, "begins or ends with a space, or is of dots alone"))
    if not characters.is_visible(name.rpartition(".")[0] or name):
        raise failures.InvalidArgument(Violation(fields.name, "shows nothing before its extension"))
    for character in name:
        if character in SEPARATORS:
            raise failures.InvalidArgument(Violation(fields.name, f"contains {character}; give the name without a path"))
        if unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in BIDI_CONTROLS:
            raise failures.InvalidArgument(Violation(fields.name, f"contains the control character U+{ord(character):04X}"))


def declared_length(given: str) -> int:
    """Content-Length, as Envoy hands it on. Raises LengthRequired."""
    if not (given.isascii() and given.isdecimal() and len(given) <= 18):
        raise LengthRequired(Violation(BODY_FIELDS.size, "is missing; a body of unknown length is not taken"))
    return int(given)
