"""Decisions: who may have a file, and what an answer says of it over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gazette.access.v1.access_pb2 import Permission
from gazette.files.v1.file_pb2 import FileState
from server.files import failures
from server.files.downloads import ranges
from server.files.downloads.ranges import Span
from server.files.downloads.served import Served
from server.files.purging import rules as purging
from server.rpc import http
from server.rpc.caller import Caller

Headers = tuple[tuple[str, str], ...]
READ = Permission.PERMISSION_FILES_READ
SAFE: Headers = (("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'; sandbox"))
"""A browser takes a file for what it says that it is, and runs nothing of it, were it opened as a page."""
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""What a browser may show by itself. Nothing that can hold a script is among them."""
ASCII_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$&'()+,-.;=@[]^_`{}~")
"""What a quoted file name may hold as it is: all of ASCII that no browser takes for something else."""


def may_read(file: Any, caller: Caller) -> bool:
    """Whether the caller may have it, and know of it, before it is public and afterwards."""
    return caller.may(READ, file.organisation_id)


def is_there(file: Any) -> bool:
    """Whether its bytes can be had by those who may."""
    return file.state == FileState.FILE_STATE_READY and file.delete_time is None


def is_public(file: Any) -> bool:
    """Whether anybody may have it now."""
    return bool(file.is_public) and is_there(file)


def check_ready(file: Any) -> None:
    """Raises FileNotReady, FileRejected: what those are told who may know of the file, that its bytes cannot be had."""
    if file.state == FileState.FILE_STATE_REJECTED:
        raise failures.FileRejected(file.rejection_reason, file.rejection_message)
    if file.state != FileState.FILE_STATE_READY:
        raise failures.FileNotReady


def etag(file: Any) -> str:
    """Strong, as nothing else's here is: a version's bytes never change, and nobody compresses them on the way (`rest.lua`). So
    a part that comes later can be told to belong to the same whole."""
    return f'"{file.sha256}"'


def cache_headers(file: Served, max_age: timedelta) -> Headers:
    """Whether anybody on the way may keep the bytes, for how long without a question, and under which name, by which they are
    told to forget them (`purging`)."""
    if not file.is_public:
        return (("cache-control", "private, no-store"),)
    age = f"public, max-age={int(max_age.total_seconds())}, immutable" if file.is_named else "public, no-cache"
    return (("cache-control", age), *named(file))


def named(file: Served) -> Headers:
    name = purging.name(file.id)
    return (("surrogate-key", name), ("cache-tag", name))


def address(file: Served) -> str:
    """Where this version of the file is, for as long as it is what the file is."""
    return f"/v1/files/{file.id}/versions/{file.version}:download"


def redirect(file: Served, address: str) -> Headers:
    """Leads to the address of the version that the file is now. It may be replaced again: whoever keeps this is to ask."""
    told = (http.MOVED_PERMANENTLY, ("location", address), ("x-body-length", "0"), ("cache-control", "public, no-cache"))
    return (*told, *named(file))


def over_http(file: Served, span: Span, asked: str, condition: str) -> tuple[Span, Headers]:
    """Which of these bytes of the file a Range asks for, on the condition of an If-Range, and what the answer says of them.
    Both are empty where the request has none. Raises RangeNotSatisfiable."""
    part = ranges.asked(asked, span.length) if ranges.is_met(condition, etag(file)) else None
    if part is None:
        return span, body_headers(file, span.length)
    partial = (http.PARTIAL_CONTENT, ("content-range", ranges.content_range(part, span.length)))
    return Span(span.start + part.start, span.start + part.stop), (*body_headers(file, part.length), *partial)


def body_headers(file: Served, length: int) -> Headers:
    return (
        ("accept-ranges", "bytes"),
        ("x-body-length", str(length)),
        ("content-disposition", content_disposition(file.name, file.content_type)),
    )


def content_disposition(name: str, content_type: str) -> str:
    """Shown or saved, and under which name (RFC 6266): in ASCII, and to the character as RFC 8187 encodes it."""
    kind = "inline" if content_type in SHOWN_INLINE else "attachment"
    plain = "".join(character if character in ASCII_NAME else "_" for character in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'{kind}; filename="{plain}"{extended}'
