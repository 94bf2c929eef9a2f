"""Who uploads over HTTP, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.edge import Edge


@pytest.fixture(scope="module")
def author(edge: Edge) -> Iterator[httpx.Client]:
    """The demo's author, signed in."""
    with closing(edge.client("author@example.gov")) as client:
        yield client


@pytest.fixture(scope="module")
def organisation_id(author: httpx.Client) -> str:
    """The demo's."""
    answer = author.get("/v1/organisations").raise_for_status().json()
    return str(answer["organisations"][0]["id"])
