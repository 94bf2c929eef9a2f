"""tus 1.0 (https://tus.io/protocols/resumable-upload): what its headers say, and what is said in them.

Its methods are those of the contract; a client is known by its `Tus-Resumable`. That every answer to it has this header, too,
and what OPTIONS says, is seen to by Envoy (tus.lua).
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple

from gazette.files.v1.file_pb2 import FileUpload
from gazette.files.v1.upload_pb2 import CreateUploadRequest, UploadWay
from server.files.failures import LengthRequired
from server.files.resumable.failures import TusVersionUnsupported, UnsupportedMediaType
from server.rpc.call import Call
from server.rpc.failures import InvalidArgument, Violation
from server.rpc.requests.settling import settled
from server.rpc.requests.validation import validate

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
NAMES = {
    "organisationId": "organisation_id",
    "filename": "name",
    "name": "name",
    "alternativeText": "alternative_text",
    "sha256": "sha256",
    "replacesFileId": "replaces_file_id",
}
"""What Upload-Metadata may say, and what the contract calls it. What else it says is not looked at: clients add their own."""
MOST_DIGITS = 18


class Checksum(NamedTuple):
    """What a piece is said to be (the extension `checksum`)."""

    hash: Any
    """Of `hashlib`, to be fed with the piece."""
    digest: bytes

    @property
    def is_met(self) -> bool:
        return bool(self.hash.digest() == self.digest)


ALGORITHMS: dict[str, Callable[[], Any]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),  # which a server of tus must know
    "sha256": hashlib.sha256,
}


def is_spoken(call: Call) -> bool:
    return call.is_http and "tus-resumable" in call.metadata


def check_version(call: Call) -> None:
    """Raises TusVersionUnsupported."""
    if is_spoken(call) and call.metadata["tus-resumable"] != VERSION:
        raise TusVersionUnsupported


def described(call: Call) -> CreateUploadRequest:
    """The upload that a client of tus wants to begin. Raises LengthRequired, InvalidArgument."""
    check_version(call)
    length = number(call.metadata.get("upload-length", ""))
    if length is None:
        raise LengthRequired(Violation("upload-length", "is missing; say how long the file is"))
    given = metadata(call.metadata.get("upload-metadata", ""))
    replaces = given.pop("replaces_file_id", "")
    request = CreateUploadRequest(
        upload=FileUpload(size_bytes=length, **given),
        way=UploadWay.UPLOAD_WAY_RESUMABLE,
        replaces_file_id=replaces,
    )
    validate(settled(request))
    return request


def metadata(given: str) -> dict[str, str]:
    """What Upload-Metadata says: names and base64 with spaces between, and commas between those. Raises InvalidArgument."""
    found: dict[str, str] = {}
    for pair in given.split(","):
        key, _, value = pair.strip().partition(" ")
        if key in NAMES:
            try:
                found[NAMES[key]] = b64decode(value.strip(), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise InvalidArgument(Violation("upload-metadata", f"has a {key} that is no text in base64")) from None
    return found


def number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS else None


def offset(call: Call, given: int) -> int:
    """Where the piece begins: over HTTP Upload-Offset may say it, and of a client of tus it must."""
    if not call.is_http:
        return given
    said = call.metadata.get("upload-offset", "")
    if not said and not is_spoken(call):
        return given
    if (found := number(said)) is None:
        raise InvalidArgument(Violation("upload-offset", "is to be a number: where in the file the piece begins"))
    return found


def check_piece(call: Call, content_type: str) -> None:
    """Raises TusVersionUnsupported, UnsupportedMediaType."""
    check_version(call)
    if is_spoken(call) and content_type.partition(";")[0].strip().lower() != PIECE:
        raise UnsupportedMediaType(Violation("content-type", f"is to be {PIECE}"))


def checksum(call: Call) -> Checksum | None:
    """What Upload-Checksum says of the piece, if anything. Raises InvalidArgument."""
    said = call.metadata.get("upload-checksum", "") if call.is_http else ""
    if not said:
        return None
    name, _, digest = said.strip().partition(" ")
    if name not in ALGORITHMS:
        raise InvalidArgument(Violation("upload-checksum", f"names an algorithm that is none of {', '.join(ALGORITHMS)}"))
    try:
        return Checksum(ALGORITHMS[name](), b64decode(digest.strip(), validate=True))
    except binascii.Error:
        raise InvalidArgument(Violation("upload-checksum", "has a digest that is no base64")) from None


def progress(call: Call, *, offset: int, size: int, expire_time: datetime) -> None:
    """Says in an answer's headers how far the upload has come."""
    if call.is_http:
        expires = format_datetime(expire_time, usegmt=True)
        call.headers += (
            ("upload-offset", str(offset)),
            ("upload-length", str(size)),
            ("upload-expires", expires),
        )
