"""Paths, redirects that cover what is below them, and lists put together from bytes."""

from __future__ import annotations

import pytest

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse, ListPagesResponse
from gazette.delivery.v1.page_pb2 import Gone, Page, PageSummary, Redirect
from server.delivery.lists import rules as list_rules
from server.delivery.pages import rules as page_rules


@pytest.mark.parametrize("given", ["a/b", "/a/b", "/a/b/", "a/b/"])
def test_slashes(given: str) -> None:
    """A path is the same with and without its outer slashes."""
    assert page_rules.site_path(given) == "/a/b"


def test_home_page() -> None:
    """No path is the home page's."""
    assert page_rules.site_path("") == "/"


@pytest.mark.parametrize(("path", "above"), [("/a/b", ["/a/b", "/a", "/"]), ("/a", ["/a", "/"]), ("/", ["/"])])
def test_prefixes(path: str, above: list[str]) -> None:
    """The path and all above it, nearest first."""
    assert page_rules.prefixes(path) == above


@pytest.mark.parametrize(("preserves", "location"), [(True, "/new/deeper/still"), (False, "/new")])
def test_redirect_of_all_below(preserves: bool, location: str) -> None:
    """A redirect that covers what is below it keeps the rest of the path if it is told to."""
    redirect = Redirect(location="/new", locale="cy", record_number=3)
    answer = page_rules.redirected_below(redirect, "/old", "/old/deeper/still", preserves_suffix=preserves)
    assert answer == Redirect(location=location, locale="cy", record_number=3)


@pytest.mark.parametrize(
    ("location", "locale", "over_http"),
    [
        ("/b", "en", "/v1/pages/b"),
        ("/b", "", "/v1/pages/b"),
        ("/", "en", "/v1/pages:home"),
        ("/?x#f", "cy", "/v1/pages:home?locale=cy&anyLocale=true&query=x#f"),
        ("/b", "cy", "/v1/pages/b?locale=cy&anyLocale=true"),
        ("/b?", "en", "/v1/pages/b"),
        ("/b?x=1&y=%26#f", "en", "/v1/pages/b?query=x%3D1%26y%3D%2526#f"),
        ("/b?x=1#f", "cy", "/v1/pages/b?locale=cy&anyLocale=true&query=x%3D1#f"),
        ("/b#locale=en", "pt-BR", "/v1/pages/b?locale=pt-BR&anyLocale=true#locale=en"),
        ("https://example.gov/?x=1", "", "https://example.gov/?x=1"),
        (f"/b?{'%26' * 1000}#f", "cy", "/v1/pages/b?locale=cy&anyLocale=true#f"),
    ],
)
def test_locations_over_http(location: str, locale: str, over_http: str) -> None:
    """Who follows a location over HTTP asks for the page again, by parameters that GetPage has: in the redirect's language, or
    else in any. A query that would be too long for a header is told by the answer alone (C13)."""
    assert page_rules.http_location(location, locale) == over_http


@pytest.mark.parametrize(
    ("answer", "leads_on"),
    [
        (GetPageResponse(page=Page(title="A")), False),
        (GetPageResponse(page=Page()), False),
        (GetPageResponse(), False),
        (GetPageResponse(redirect=Redirect()), True),
        (GetPageResponse(gone=Gone(explanation="x")), True),
    ],
)
def test_what_leads_on(answer: GetPageResponse, leads_on: bool) -> None:
    """Whether an answer names another place shows in its first byte."""
    assert page_rules.leads_on(answer.SerializeToString()) == leads_on
    redirect = page_rules.redirect_of(answer.SerializeToString())
    assert redirect == (answer.redirect if answer.HasField("redirect") else None)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("token", ["", "t" * 300])
def test_list_from_bytes(count: int, token: str) -> None:
    """A list put together from serialised summaries is what protobuf would have made of them."""
    pages = [PageSummary(path=f"/{number}", title="x" * (number * 100)) for number in range(count)]
    made = list_rules.list_answer([page.SerializeToString() for page in pages], token)
    assert ListPagesResponse.FromString(made) == ListPagesResponse(pages=pages, next_page_token=token)


def test_http_headers() -> None:
    """A page has its validators, a redirect 301 with where to, what is gone 410."""
    page = dict(page_rules.http_headers(GetPageResponse(page=Page(path="/a")), 7, 30))
    assert page == {
        "etag": 'W/"7"',
        "cache-control": "public, max-age=30",
        "vary": "Accept-Encoding, X-Min-Record-Number",
    }
    redirect = dict(page_rules.http_headers(GetPageResponse(redirect=Redirect(location="/b")), 8, 30))
    assert (redirect["x-http-status"], redirect["location"]) == ("301", "/v1/pages/b")
    away = dict(page_rules.http_headers(GetPageResponse(redirect=Redirect(location="https://example.gov/")), 8, 30))
    assert away["location"] == "https://example.gov/"
    gone = GetPageResponse()
    gone.gone.explanation = "closed"
    assert dict(page_rules.http_headers(gone, 9, 30))["x-http-status"] == "410"
