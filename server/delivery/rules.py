"""Paths, and what an answer says over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from server import errors

DEFAULT_LOCALE = "en"


class PageNotFound(errors.NotFound):
    """The path serves nothing to the public; a draft's path neither."""

    reason = "PAGE_NOT_FOUND"
    message = "Nothing is published at this path."


def site_path(given: str) -> str:
    """The path with its first slash and without its last: `a/b`, `/a/b` and `/a/b/` are one."""
    return "/" + given.strip("/")


def prefixes(path: str) -> list[str]:
    """The path and all above it: `/a/b` gives `/a/b`, `/a`, `/`."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts), 0, -1)] + (["/"] if path != "/" else [])


def etag(record_number: int) -> str:
    """Weak, since compression on the way changes bytes. A path in a locale never serves two answers under one number."""
    return f'W/"{record_number}"'


def http_headers(answer: GetPageResponse, record_number: int, max_age: int) -> tuple[tuple[str, str], ...]:
    """What Envoy is to make of an answer: its validators, and 301 or 410 where it is no page."""
    headers = [("etag", etag(record_number)), ("cache-control", f"public, max-age={max_age}")]
    if answer.HasField("redirect"):
        headers += [("x-http-status", "301"), ("location", http_location(answer.redirect.location))]
    elif answer.HasField("gone"):
        headers.append(("x-http-status", "410"))
    return tuple(headers)


def list_headers(answer: bytes, max_age: int) -> tuple[tuple[str, str], ...]:
    """The validators of a list, by its bytes."""
    return (("etag", f'W/"{hashlib.sha256(answer).hexdigest()[:32]}"'), ("cache-control", f"public, max-age={max_age}"))


def http_location(location: str) -> str:
    """Where an HTTP client that follows redirects finds the next answer."""
    return f"/v1/pages{location}" if location.startswith("/") else location


def redirected_below(redirect: Redirect, prefix: str, path: str, *, preserves_suffix: bool) -> GetPageResponse:
    """The answer for a path below a redirect that covers all below it."""
    suffix = path[len(prefix.rstrip("/")) :] if preserves_suffix else ""
    return GetPageResponse(
        redirect=Redirect(
            location=redirect.location.rstrip("/") + suffix if suffix else redirect.location,
            record_number=redirect.record_number,
        )
    )


def list_answer(summaries: Iterable[bytes], next_page_token: str) -> bytes:
    """A serialised ListPagesResponse, put together from serialised PageSummaries (fields 1 and 2, both length-delimited)."""
    parts = bytearray()
    for summary in summaries:
        parts += b"\x0a" + varint(len(summary)) + summary
    if next_page_token:
        parts += b"\x12" + varint(len(next_page_token)) + next_page_token.encode()
    return bytes(parts)


def varint(number: int) -> bytes:
    """Base-128, least significant group first (Protocol Buffers encoding)."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
