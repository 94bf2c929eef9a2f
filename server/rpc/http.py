"""What an answer says over HTTP alone. Envoy makes initial metadata response headers, and `x-http-status` the status."""

from __future__ import annotations

from server.rpc.call import Call

MOVED_PERMANENTLY = ("x-http-status", "301")
NOT_MODIFIED = ("x-http-status", "304")
NO_CONTENT = ("x-http-status", "204")
PARTIAL_CONTENT = ("x-http-status", "206")
VARY = ("vary", "Accept-Encoding, X-Min-Record-Number")
"""Of what caches may keep: what they hold may be too old for who asks for a record number. Compression is Envoy's."""


def created(call: Call, location: str) -> None:
    """201 with Location; nothing for a gRPC call."""
    if call.is_http:
        call.headers += (("x-http-status", "201"), ("location", location))


def matches(call: Call, etag: str) -> bool:
    """Whether If-None-Match names this weak or strong etag (RFC 9110 section 13.1.2: weak comparison)."""
    given = call.metadata.get("if-none-match", "")
    return bool(given) and (given.strip() == "*" or bare(etag) in {bare(each) for each in given.split(",")})


def bare(etag: str) -> str:
    return etag.strip().removeprefix("W/")
