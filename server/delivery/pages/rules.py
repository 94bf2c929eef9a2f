"""Paths, and what an answer says over HTTP."""

from __future__ import annotations

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect

DEFAULT_LOCALE = "en"


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
