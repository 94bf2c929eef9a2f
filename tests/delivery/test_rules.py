"""Paths, redirects that cover what is below them, and lists put together from bytes."""

from __future__ import annotations

import pytest

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse, ListPagesResponse
from gazette.delivery.v1.page_pb2 import Page, PageSummary, Redirect
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
    answer = page_rules.redirected_below(
        Redirect(location="/new", record_number=3), "/old", "/old/deeper/still", preserves_suffix=preserves
    )
    assert answer == GetPageResponse(redirect=Redirect(location=location, record_number=3))


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
    assert page == {"etag": 'W/"7"', "cache-control": "public, max-age=30"}
    redirect = dict(page_rules.http_headers(GetPageResponse(redirect=Redirect(location="/b")), 8, 30))
    assert (redirect["x-http-status"], redirect["location"]) == ("301", "/v1/pages/b")
    away = dict(page_rules.http_headers(GetPageResponse(redirect=Redirect(location="https://example.gov/")), 8, 30))
    assert away["location"] == "https://example.gov/"
    gone = GetPageResponse()
    gone.gone.explanation = "closed"
    assert dict(page_rules.http_headers(gone, 9, 30))["x-http-status"] == "410"
