"""Where editors may lead readers: within the site in no circle, and outside of it to hosts that are trusted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio

from gazette.auth.v1.organisation_service_pb2 import ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.removal_pb2 import Removal
from server.content.taking_down.rules import is_trusted
from tests.content.desk import Desk
from tests.content.taking import PUBLISHED, comes_to_serve, kinds, redirect, remove, restore, unpublish
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Service, running

LOOP = "leads back to where it comes from: "


@pytest.mark.parametrize("length", [1, 2, 7])
async def test_a_circle_of_any_length(desk: Desk, length: int) -> None:
    """A redirect that closes a circle is refused, with its places, and the page stays (C13)."""
    ring = [await desk.published(f"{desk.root}/{number}") for number in range(length)]
    for at in range(length - 1):
        await redirect(desk, ring[at], ring[at + 1].path)
    refusal = await refused(redirect(desk, ring[-1], ring[0].path))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REDIRECT_LOOP")
    places = [ring[-1].path, *(each.path for each in ring)]
    assert refusal.fields["redirect.location"].startswith((LOOP + " → ".join(places))[:150])
    assert await desk.get(ring[-1]) == ring[-1]
    assert await comes_to_serve(desk, ring[-1].path, ring[-1].title)


async def test_circles_through_prefixes(desk: Desk) -> None:
    """So is one that goes through what is below a prefix, and one whose way gets longer with each hop (C13)."""
    one, two = await desk.published(f"{desk.root}/one"), await desk.published(f"{desk.root}/two")
    await redirect(desk, one, f"{desk.root}/two/x", covers=True)
    assert (await refused(redirect(desk, two, f"{desk.root}/one", keeps=True))).reason == "REDIRECT_LOOP"
    assert (await refused(redirect(desk, two, f"{desk.root}/two/y", keeps=True))).reason == "REDIRECT_LOOP"
    await redirect(desk, two, f"{desk.root}/elsewhere", keeps=True)


async def test_two_redirects_to_each_other_at_once(desk: Desk) -> None:
    """Of two redirects to each other that are made at the same moment one is refused (C13)."""
    one, two = await desk.published(f"{desk.root}/one"), await desk.published(f"{desk.root}/two")
    outcomes = await asyncio.gather(redirect(desk, one, two.path), redirect(desk, two, one.path), return_exceptions=True)
    made = [each for each in outcomes if isinstance(each, Document)]
    assert len(made) == 1
    (error,) = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert [kind for kind, _ in await kinds(desk)].count("REDIRECTED") == 1


async def test_a_prefix_of_another(desk: Desk) -> None:
    """A redirect of all that is below needs all of that to be the organisation's own (`PATH_RESERVED`); one of its path alone
    does not."""
    document = await desk.published(f"{desk.root}/mine")
    others = await desk.service.organisation()
    reserved = ReservePathRequest(organisation_id=others, prefix=f"{desk.root}/mine/theirs".strip("/"))
    await OrganisationServiceStub(desk.service.channel).ReservePath(reserved, metadata=desk.admin.metadata)
    refusal = await refused(redirect(desk, document, "/b", covers=True))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PATH_RESERVED")
    document = await redirect(desk, document, f"{desk.root}/b")
    assert (await restore(desk, document)).live.state == PUBLISHED


async def test_where_no_host_is_trusted(desk: Desk) -> None:
    """Without REDIRECT_HOSTS no editor leads readers out of the site, neither by a redirect nor by what is gone (C30)."""
    document = await desk.published(f"{desk.root}/a")
    url = "https://www.example.gov/x"
    for field, call in (
        ("redirect.location", redirect(desk, document, url)),
        ("gone.location", remove(desk, document, where=url)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "LOCATION_NOT_ALLOWED")
        assert "www.example.gov is not among" in refusal.fields[field]
    assert await desk.get(document) == document


@pytest_asyncio.fixture
async def trusting(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with running(servers, template, tmp_path, REDIRECT_HOSTS="www.example.gov, *.service.example.gov") as service:
        yield service


async def test_hosts_that_are_trusted(trusting: Service) -> None:
    """To those of REDIRECT_HOSTS readers are led, with query and fragment, also from below; to others they are not (C30)."""
    desk = await Desk.opened(trusting)
    document = await redirect(desk, await desk.published(f"{desk.root}/a"), "https://www.example.gov/x?y=1#z", covers=True)
    assert await comes_to_serve(desk, f"{desk.root}/a/below", "https://www.example.gov/x?y=1#z")
    document = await redirect(desk, document, "https://moorings.service.example.gov")
    assert await comes_to_serve(desk, f"{desk.root}/a", "https://moorings.service.example.gov")
    answer = await unpublish(desk, document, gone=Removal(explanation="Gone", location="https://www.example.gov/"))
    assert (await desk.page(document.live.path)).gone.alternative_path == "https://www.example.gov/"
    for url in ("https://example.gov/", "https://www.example.gov.evil.test/", "https://www.example.gov:8443/"):
        assert (await refused(redirect(desk, answer.document, url))).reason == "LOCATION_NOT_ALLOWED"
    for url in ("https://user@www.example.gov/", "https://www.example.gov@evil.test/", "https:///x", "/\\evil.test"):
        assert (await refused(redirect(desk, answer.document, url))).code == grpc.StatusCode.INVALID_ARGUMENT


HOSTS = ("www.example.gov", "*.service.example.gov")


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("https://www.example.gov/a", True),
        ("https://WWW.example.GOV/a", True),
        ("https://www.example.gov:443/a", True),
        ("https://a.service.example.gov", True),
        ("https://a.b.service.example.gov", True),
        ("https://service.example.gov", False),
        ("https://evilservice.example.gov", False),
        ("https://www.example.gov:8443/a", False),
        ("https://www.example.gov:99999/a", False),
        ("https://www.example.gov.", False),
        ("https://www.example.gov.evil.test", False),
        ("https://evil.test/www.example.gov", False),
        ("https://evil.test#www.example.gov", False),
        ("https://[::1]/", False),
    ],
)
def test_which_urls_are_trusted(url: str, is_so: bool) -> None:
    """A host is one of those that are named, or below one with `*.`, whatever its capitals, at the port of https."""
    assert is_trusted(url, HOSTS) is is_so
