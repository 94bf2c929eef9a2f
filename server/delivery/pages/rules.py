"""Paths, and what an answer says over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.failures import PageNotFound
from server.delivery.pages.locations import MAX_LENGTH, location, parsed
from server.rpc import http
from server.rpc.texts.characters import Unfit
from server.rpc.texts.forms import language

DEFAULT_LOCALE = "en"
MOST_LANGUAGES = 10
HOME = "/v1/pages:home"
"""The home page over HTTP: without a path it would be the list of pages."""
PREVIEW_HEADERS = (("cache-control", "private, no-store"), ("x-robots-tag", "noindex, nofollow"))
"""What a preview says over HTTP: it is nobody else's, and has no validator."""
PAGE, REDIRECT, GONE = b"\x0a", b"\x12", b"\x1a"
"""How a serialised GetPageResponse begins, by what it is: with the tag of the one field that it has."""


def site_path(given: str) -> str:
    """The path with its first slash and without its last: `a/b`, `/a/b` and `/a/b/` are one."""
    return "/" + given.strip("/")


def languages(locale: str, fallbacks: Iterable[str]) -> list[str]:
    """The languages to ask for, one after the other: each of those that will do, and then what it is a form of (RFC 4647
    section 3.4): `zh-Hant-CN`, `zh-Hant`, `zh`. What is no language is not asked for."""
    found: dict[str, None] = {}
    for each in (locale or DEFAULT_LOCALE, *fallbacks):
        try:
            subtags = language(each).split("-")
        except Unfit:
            continue
        while subtags:
            found.setdefault("-".join(subtags))
            del subtags[-2 if len(subtags) > 2 and len(subtags[-2]) == 1 else -1 :]
    return [*found][:MOST_LANGUAGES]


def prefixes(path: str) -> list[str]:
    """The path and all above it: `/a/b` gives `/a/b`, `/a`, `/`."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts), 0, -1)] + (["/"] if path != "/" else [])


def etag(record_number: int) -> str:
    """Weak, since compression on the way changes bytes. A path in a locale never serves two answers under one number."""
    return f'W/"{record_number}"'


def http_headers(answer: GetPageResponse, record_number: int, max_age: int) -> tuple[tuple[str, str], ...]:
    """What Envoy is to make of an answer: a page's validators, and 301 or 410 where it is none. Raises PageNotFound for what
    leads nowhere."""
    headers = [("cache-control", f"public, max-age={max_age}"), http.VARY]
    if answer.HasField("redirect"):
        where = location(answer.redirect.location)
        if where is None:
            raise PageNotFound
        headers += [("x-http-status", "301"), ("location", http_location(where, answer.redirect.locale))]
    elif answer.HasField("gone"):
        headers.append(("x-http-status", "410"))
    else:  # what leads on may lead elsewhere under the same number
        headers = [("etag", etag(record_number)), *headers]
        if answer.page.locale:
            headers.append(("content-language", answer.page.locale))
    return tuple(headers)


def http_location(location: str, locale: str = "") -> str:
    """Where an HTTP client that follows redirects finds the next answer: of a path of this site that is GetPage again. It takes
    no parameters but its own, so it is told the query by one of them."""
    parts = parsed(location)
    if parts is None or parts.origin:
        return location
    asked = f"locale={quote(locale, safe='')}&anyLocale=true" if locale not in {"", DEFAULT_LOCALE} else ""
    query = f"query={quote(parts.query[1:], safe='')}" if len(parts.query) > 1 else ""
    path = f"/v1/pages{parts.path}" if parts.path.strip("/") else HOME
    parameters = "&".join(filter(None, (asked, query)))
    whole = str(parts._replace(path=path, query=parameters and f"?{parameters}"))
    # What is encoded twice may be too long for a header; the answer itself tells it in any case.
    return whole if len(whole) <= MAX_LENGTH else str(parts._replace(path=path, query=asked and f"?{asked}"))


def site_path_of(location: str) -> str:
    """The path of this site that a location names."""
    parts = parsed(location)
    return parts.site_path if parts is not None else ""


def leads_on(answer: bytes) -> bool:
    """Whether an answer names another place: a redirect, or what is gone."""
    return answer[:1] in (REDIRECT, GONE)


def redirect_of(answer: bytes) -> Redirect | None:
    return GetPageResponse.FromString(answer).redirect if answer[:1] == REDIRECT else None


def located(answer: GetPageResponse, locale: str) -> GetPageResponse:
    """The answer with the language to ask for where it leads. What was published before there was one is in its own."""
    if answer.HasField("redirect"):
        answer.redirect.locale = locale_at(answer.redirect.location, locale)
    elif answer.HasField("gone"):
        answer.gone.alternative_locale = locale_at(answer.gone.alternative_path, locale)
    return answer


def locale_at(location: str, locale: str) -> str:
    """The language to ask for at a location to which something in this language leads."""
    return locale if location.startswith("/") else ""


def redirected(redirect: Redirect, suffix: str = "") -> Redirect | None:
    """The redirect with this suffix behind its location; None where that leads nowhere."""
    where = location(redirect.location, suffix)
    if where is None:
        return None
    return Redirect(location=where, locale=redirect.locale, record_number=redirect.record_number)


def redirected_below(redirect: Redirect, prefix: str, path: str, *, preserves_suffix: bool) -> Redirect | None:
    """What a path below a redirect that covers all below it is told; None where that leads nowhere."""
    return redirected(redirect, path[len(prefix.rstrip("/")) :] if preserves_suffix else "")
