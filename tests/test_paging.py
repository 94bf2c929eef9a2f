"""Page tokens: of use only to the same caller, with the same filter, for a day (Z4)."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from server.rpc.lists.paging import LIFETIME, InvalidPageToken, Paging

SECRET = "a secret of the tests"


def test_round_trip() -> None:
    """A token leads on to where the list ended; another page size is allowed."""
    paging = Paging.from_secrets(SECRET)
    token = paging.token(ListPagesRequest(content_type="guide"), "me", 42, "x")
    assert paging.position(ListPagesRequest(content_type="guide", page_size=7, page_token=token), "me") == [42, "x"]


def test_no_token_is_the_beginning() -> None:
    """Without a token the list begins at its beginning."""
    assert Paging.from_secrets(SECRET).position(ListPagesRequest(), "me") is None


def test_pages_of_a_list() -> None:
    """Each page goes on after the last row of the one before, and the last page has no token."""
    names, request = ["a", "b", "c", "d", "e"], ListPagesRequest()
    pages: list[Sequence[str]] = []
    while not pages or request.page_token:
        page = Paging.from_secrets(SECRET).page(request, "me", 2)
        found = [name for name in names if page.after is None or name > page.after][: page.limit]
        rows, request.page_token = page.cut(found, lambda name: (name,))
        pages.append(rows)
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_page_that_is_exactly_full() -> None:
    """A list that ends with its page leads to no empty one; the request's page size counts more than the method's own."""
    page = Paging.from_secrets(SECRET).page(ListPagesRequest(page_size=3), "me", 2)
    assert page.cut(["a", "b", "c"], lambda name: (name,)) == (["a", "b", "c"], "")


@pytest.mark.parametrize("index", range(0, 60, 7))
def test_any_change_is_refused(index: int) -> None:
    """A token with any character changed is refused."""
    paging = Paging.from_secrets(SECRET)
    token = paging.token(ListPagesRequest(), "me", 42)
    index %= len(token)
    forged = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
    with pytest.raises(InvalidPageToken):
        paging.position(ListPagesRequest(page_token=forged), "me")


@pytest.mark.parametrize(
    ("request_", "caller"),
    [
        (ListPagesRequest(), "somebody else"),
        (ListPagesRequest(content_type="guide"), "me"),
        (ListDocumentsRequest(), "me"),
    ],
)
def test_other_callers_and_filters(request_: ListPagesRequest | ListDocumentsRequest, caller: str) -> None:
    """A token is refused from another caller, with another filter, and for another method."""
    paging = Paging.from_secrets(SECRET)
    request_.page_token = paging.token(ListPagesRequest(), "me", 42)
    with pytest.raises(InvalidPageToken):
        paging.position(request_, caller)


def test_expiry() -> None:
    """A token is refused after its lifetime."""
    token = Paging.from_secrets(SECRET).token(ListPagesRequest(), "me", 42)
    later = Paging(Paging.from_secrets(SECRET).keys, now=lambda: time.time() + LIFETIME + 5)
    with pytest.raises(InvalidPageToken):
        later.position(ListPagesRequest(page_token=token), "me")


@pytest.mark.parametrize("token", ["x", "====", "a" * 200, "é", "AAAA"])
def test_nonsense(token: str) -> None:
    """What is no token at all is refused in the same way."""
    with pytest.raises(InvalidPageToken):
        Paging.from_secrets(SECRET).position(ListPagesRequest(page_token=token), "me")


def test_a_secret_is_replaced() -> None:
    """While one secret replaces the other, each reads the other's tokens, whichever is the newer; afterwards only its own."""
    old, new = Paging.from_secrets(SECRET), Paging.from_secrets("another secret", "", SECRET)
    token = old.token(ListPagesRequest(), "me", 42)
    assert new.position(ListPagesRequest(page_token=token), "me") == [42]
    ahead = Paging.from_secrets(SECRET, "another secret")
    assert ahead.position(ListPagesRequest(page_token=new.token(ListPagesRequest(), "me", 7)), "me") == [7]
    for paging, page_token in ((Paging.from_secrets("another secret"), token), (old, new.token(ListPagesRequest(), "me", 7))):
        with pytest.raises(InvalidPageToken):
            paging.position(ListPagesRequest(page_token=page_token), "me")
    with pytest.raises(InvalidPageToken):
        new.position(ListPagesRequest(page_token=token), "somebody else")
