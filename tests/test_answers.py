"""How a page of a list ends before an answer is too large (C12)."""

from __future__ import annotations

import pytest

from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest, ListOrganisationsResponse
from server.rpc.answers import FRAME, MOST, MOST_OF_A_LIST, MOST_OF_ONE, Room, filled
from server.rpc.lists.paging import Paging

SECRET = "a secret of the tests"


def shown(row: tuple[int, int]) -> Organisation:
    """An organisation of so many bytes; its name stands for its place."""
    place, size = row
    item = Organisation(slug=f"{place:03}")
    item.name = "a" * (size - item.ByteSize() - 5)
    item.name += "a" * (size - item.ByteSize())
    return item


@pytest.mark.parametrize(
    ("sizes", "pages"),
    [
        ([500_000] * 9, [4, 4, 1]),
        ([MOST_OF_ONE] * 3, [1, 1, 1]),
        ([1_000, MOST_OF_ONE, 1_000, 1_000], [1, 1, 2]),
        ([100] * 23, [10, 10, 3]),
        ([MOST_OF_A_LIST - FRAME, 100], [1, 1]),
        ([MOST_OF_A_LIST - 2 * FRAME - 100, 100], [2]),
        ([MOST_OF_A_LIST - 2 * FRAME - 99, 100], [1, 1]),
        ([], [0]),
    ],
)
def test_a_page_has_what_fits(sizes: list[int], pages: list[int]) -> None:
    """Items come in order, each once, as many to a page as were asked for and fit; whatever is first fits, and so do all
    answers. The last page has no token. (C12)"""
    rows = [*enumerate(sizes)]
    request, counts, seen = ListOrganisationsRequest(page_size=10), list[int](), list[str]()
    while not counts or request.page_token:
        page = Paging.from_secrets(SECRET).page(request, "me", 10)
        found = [row for row in rows if page.after is None or row[0] > page.after][: page.limit]
        items, request.page_token = filled(page, found, lambda row: (row[0],), shown)
        assert ListOrganisationsResponse(organisations=items, next_page_token=request.page_token).ByteSize() <= MOST
        counts.append(len(items))
        seen += [item.slug for item in items]
    assert counts == pages
    assert seen == [f"{place:03}" for place in range(len(sizes))]


def test_room_is_used_up() -> None:
    """What does not fit leaves room for what is smaller, and nothing is taken for the first but the first."""
    room = Room(100)
    assert room.takes(90)
    assert not room.takes(90)
    assert not room.takes(1)
    assert Room(100).takes(1_000)
