"""Parts of the site that are one organisation's own: who may put documents there, and what stands in the way of reserving."""

from __future__ import annotations

import asyncio
import uuid

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import GetOrganisationRequest, ListOrganisationsRequest
from gazette.content.v1.document_pb2 import Document, LiveState
from server.organisations.models import PathReservation
from tests.auth.path_desk import Site
from tests.auth.stored import events, rows
from tests.content.desk import Desk, imported
from tests.refusals import refused
from tests.service import Service


@pytest_asyncio.fixture
async def site(service: Service) -> Site:
    """Two organisations with a part of the site to themselves."""
    return await Site.opened(await Desk.opened(service))


async def test_a_reserved_prefix_is_shown_and_audited(site: Site) -> None:
    """Prefixes are answered with the organisation wherever it is, sorted, and reserving one is audited once."""
    await site.reserve(site.own_id, site.under("transport/roads"))
    reserved = await site.reserve(site.own_id, site.under("Transport"))
    assert [*reserved.path_prefixes] == [site.under("Transport"), site.under("transport/roads")]
    metadata = site.desk.author.metadata
    request = GetOrganisationRequest(id=site.own_id)
    assert (await site.organisations.GetOrganisation(request, metadata=metadata)).organisation == reserved
    listed: dict[str, list[str]] = {}
    asked = ListOrganisationsRequest()
    while True:
        answer = await site.organisations.ListOrganisations(asked, metadata=metadata)
        listed |= {each.id: [*each.path_prefixes] for each in answer.organisations}
        asked.page_token = answer.next_page_token
        if not asked.page_token:
            break
    assert (listed[site.own_id], listed[site.other_id]) == ([*reserved.path_prefixes], [])
    found = await events(site.desk.service, "path.reserve")
    assert [event.details["prefix"] for event in found] == [site.under("transport/roads"), site.under("Transport")]
    assert {(event.target, str(event.organisation_id), str(event.actor_id)) for event in found} == {
        (site.own_id, site.own_id, site.desk.admin.id)
    }


async def test_reserving_again_changes_nothing(site: Site) -> None:
    """A second reservation of the same prefix by its organisation answers the same and leaves no trace."""
    reserved = await site.reserve(site.own_id, site.under("transport"))
    assert await site.reserve(site.own_id, site.under("transport")) == reserved
    assert len(await events(site.desk.service, "path.reserve")) == 1


async def test_a_prefix_is_one_organisations(site: Site) -> None:
    """What is reserved for one organisation cannot be reserved for another."""
    await site.reserve(site.own_id, site.under("transport"))
    refusal = await refused(site.reserve(site.other_id, site.under("transport")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PREFIX_TAKEN")


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "/transport", "transport/", "a//b", ".well-known", "a/.b", "a/..", "a b", "a%2Fb", "ä", "a?b", "a" * 512],
)
async def test_what_is_no_prefix_is_refused(site: Site, prefix: str) -> None:
    """A prefix is written as a document's path, without slashes around it."""
    for call in (site.reserve(site.own_id, prefix), site.release(site.own_id, prefix)):
        refusal = await refused(call)
        assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["prefix"])


async def test_only_who_writes_all_organisations_reserves(site: Site) -> None:
    """The admin of one organisation reserves and releases nothing, not even for it; nor does a publisher of all."""
    await site.reserve(site.other_id, site.under("health"))
    publisher = await site.desk.service.account(role=Role.ROLE_PUBLISHER)
    for person in (site.other_admin, publisher):
        for call in (
            site.reserve(site.other_id, site.under("transport"), person),
            site.release(site.other_id, site.under("health"), person),
        ):
            refusal = await refused(call)
            assert refusal.code is grpc.StatusCode.PERMISSION_DENIED
            assert refusal.info.metadata["permission"] == "PERMISSION_ORGANISATIONS_WRITE"
    assert len(await rows(site.desk.service, select(PathReservation.prefix))) == 1


async def test_what_is_not_reserved_is_not_found(site: Site) -> None:
    """Releasing what the organisation does not hold is NOT_FOUND, be it another's or nobody's, and changes nothing."""
    await site.reserve(site.own_id, site.under("transport"))
    for organisation_id, prefix in (
        (site.other_id, site.under("transport")),
        (site.own_id, site.under("transport/roads")),
        (site.own_id, site.under("health")),
    ):
        refusal = await refused(site.release(organisation_id, prefix))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "PATH_NOT_RESERVED")
    assert await rows(site.desk.service, select(PathReservation.prefix)) == [(site.under("transport"),)]
    assert await events(site.desk.service, "path.release") == []


@pytest.mark.parametrize("path", ["/transport", "/transport/roads", "/transport/roads/signs"])
async def test_others_put_nothing_under_a_reserved_prefix(site: Site, path: str) -> None:
    """Another organisation neither makes, nor moves, nor imports a document there, and is not told whose it is."""
    path = site.at(path)
    await site.reserve(site.own_id, site.under("transport"))
    moved = await site.create_other(site.at("/elsewhere"))
    wanted = Document(id=moved.id, etag=moved.etag, path=path)
    for call in (site.create_other(path), site.desk.update(wanted, by=site.other_admin, path=path)):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PATH_RESERVED")
        assert dict(refusal.info.metadata) == {"field": "document.path"}
        assert site.own_id not in refusal.status.message
    by = site.other_admin
    other = Desk(site.desk.service, site.other_id, author=by, editor=by, publisher=by, admin=by)
    (result,) = await other.bring_in(imported(path))
    assert result.reason == "PATH_RESERVED"
    assert (await other.get(moved)) == moved


@pytest.mark.parametrize("path", ["/transportation", "/transport-roads", "/Transport", "/roads/transport", "/"])
async def test_a_prefix_covers_whole_segments_alone(site: Site, path: str) -> None:
    """`transport` covers neither `transportation` nor `Transport`, nor what is above it."""
    path = site.at(path)
    await site.reserve(site.own_id, site.under("transport"))
    assert (await site.create_other(path)).path == path


async def test_an_organisation_with_prefixes_stays_under_them(site: Site) -> None:
    """It makes, moves and imports documents under its own prefixes and nowhere else; what it has elsewhere may change there."""
    before = await site.create(site.at("/elsewhere"))
    await site.reserve(site.own_id, site.under("transport"))
    await site.reserve(site.own_id, site.under("roads"))
    under = await site.create(site.at("/transport/buses"))
    assert (await site.desk.update(under, path=site.at("/roads"))).path == site.at("/roads")
    (result,) = await site.desk.bring_in(imported(site.at("/roads/signs")))
    assert result.reason == ""
    assert (await refused(site.create(site.at("/health")))).reason == "PATH_RESERVED"
    assert (await refused(site.desk.update(before, path=site.at("/health")))).reason == "PATH_RESERVED"
    (result,) = await site.desk.bring_in(imported(site.at("/health")))
    assert result.reason == "PATH_RESERVED"
    before = await site.desk.update(before, path=site.at("/elsewhere"), title="Changed in its place")
    assert (await site.desk.through_review(before)).live.path == site.at("/elsewhere")


async def test_the_longest_prefix_counts(site: Site) -> None:
    """A prefix within another's is its own organisation's, and one within that again the first's."""
    await site.reserve(site.own_id, site.under("guidance"))
    await site.reserve(site.other_id, site.under("guidance/boats"))
    await site.reserve(site.own_id, site.under("guidance/boats/ferries"))
    for path in (
        site.at("/guidance"),
        site.at("/guidance/boat"),
        site.at("/guidance/boats/ferries"),
        site.at("/guidance/boats/ferries/fares"),
    ):
        await site.create(path)
        assert (await refused(site.create_other(path))).reason == "PATH_RESERVED"
    for path in (site.at("/guidance/boats"), site.at("/guidance/boats/ferry")):
        await site.create_other(path)
        assert (await refused(site.create(path))).reason == "PATH_RESERVED"


async def test_a_released_prefix_is_free(site: Site) -> None:
    """What was given up may be used by those who have no prefixes, and reserved again; giving it up is audited."""
    await site.reserve(site.own_id, site.under("transport"))
    assert [*(await site.release(site.own_id, site.under("transport"))).path_prefixes] == []
    await site.create_other(site.at("/transport/buses"))
    await site.create(site.at("/anywhere"))
    assert [*(await site.reserve(site.other_id, site.under("transport"))).path_prefixes] == [site.under("transport")]
    (event,) = await events(site.desk.service, "path.release")
    assert (event.target, event.details["prefix"]) == (site.own_id, site.under("transport"))


async def test_live_pages_stay_readable(site: Site) -> None:
    """Reserving and releasing change nothing of what the public reads."""
    await site.desk.published(site.at("/transport/buses"), title="Buses")
    await site.reserve(site.own_id, site.under("transport"))
    assert (await site.desk.page(site.at("/transport/buses"))).page.title == "Buses"
    await site.release(site.own_id, site.under("transport"))
    assert (await site.desk.page(site.at("/transport/buses"))).page.title == "Buses"
    assert len(await site.desk.record()) == 1


class TestInUse:
    """What of another organisation's stands in the way of a reservation."""

    @pytest.mark.parametrize("path", ["/transport", "/transport/buses"])
    async def test_a_draft(self, site: Site, path: str) -> None:
        """A draft counts, so that its path cannot become another's before it is published."""
        path = site.at(path)
        await site.create(path)
        refusal = await refused(site.reserve(site.other_id, site.under("transport")))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PATH_IN_USE")
        assert refusal.info.metadata["prefix"] == site.under("transport")
        assert await rows(site.desk.service, select(PathReservation.prefix)) == []
        assert await events(site.desk.service, "path.reserve") == []

    async def test_a_page_whose_draft_moves_away(self, site: Site) -> None:
        """A live page counts where the public reads it, and the redirect that its move leaves there counts after it."""
        document = await site.desk.published(site.at("/transport/buses"))
        document = await site.desk.update(document, path=site.at("/buses"))
        assert (await refused(site.reserve(site.other_id, site.under("transport")))).reason == "PATH_IN_USE"
        await site.desk.through_review(document)
        assert (await site.desk.page(site.at("/transport/buses"))).redirect.location == site.at("/buses")
        assert (await refused(site.reserve(site.other_id, site.under("transport")))).reason == "PATH_IN_USE"
        assert [*(await site.reserve(site.own_id, site.under("transport"))).path_prefixes] == [site.under("transport")]

    @pytest.mark.parametrize("state", [LiveState.LIVE_STATE_GONE, LiveState.LIVE_STATE_REDIRECTED])
    async def test_a_tombstone_or_a_redirect(self, site: Site, state: LiveState.ValueType) -> None:
        """What once was there is still answered for by its organisation."""
        location = site.at("/elsewhere") if state == LiveState.LIVE_STATE_REDIRECTED else ""
        (result,) = await site.desk.bring_in(imported(site.at("/transport/trams"), live_state=state, location=location))
        assert result.reason == ""
        assert (await refused(site.reserve(site.other_id, site.under("transport")))).reason == "PATH_IN_USE"

    async def test_a_redirect_that_covers_it(self, site: Site) -> None:
        """A redirect from above answers for all below it, and so it counts until it stops to."""
        _, key = await site.redirect(site.at("/guidance"), site.at("/help"), covers=True)
        assert (await refused(site.reserve(site.other_id, site.under("guidance/boats")))).reason == "PATH_IN_USE"
        await site.redirect(site.at("/guidance"), site.at("/help/all"), key=key)
        await site.reserve(site.other_id, site.under("guidance/boats"))
        assert (await site.redirect(site.at("/guidance"), site.at("/help/again"), key=key, covers=True))[0] == "PATH_RESERVED"
        assert (await site.redirect("/", site.at("/help"), covers=True))[0] == "PATH_RESERVED"

    async def test_what_is_under_a_longer_prefix_does_not_count(self, site: Site) -> None:
        """A wider prefix takes nothing from those who have a longer one within it."""
        await site.reserve(site.own_id, site.under("guidance/boats"))
        await site.create(site.at("/guidance/boats/ferries"))
        await site.reserve(site.other_id, site.under("guidance"))
        await site.create(site.at("/guidance/boats/barges"))

    @pytest.mark.parametrize("path", ["/transportation", "/transpor_", "/roads/transport"])
    async def test_what_only_looks_like_it_does_not_count(self, site: Site, path: str) -> None:
        """What is beside a prefix is not in use under it, and no character of a prefix is a pattern."""
        path = site.at(path)
        await site.create(path)
        await site.reserve(site.other_id, site.under("transport"))
        await site.reserve(site.other_id, site.under("transport_"))

    async def test_a_release_gives_nothing_to_a_third(self, site: Site) -> None:
        """A prefix within another's is kept while something is there that would come under the other's."""
        await site.reserve(site.own_id, site.under("guidance"))
        await site.reserve(site.other_id, site.under("guidance/boats"))
        document = await site.create_other(site.at("/guidance/boats/ferries"))
        assert (await refused(site.release(site.other_id, site.under("guidance/boats")))).reason == "PATH_IN_USE"
        await site.reserve(site.other_id, site.under("boats"))
        await site.desk.update(document, by=site.other_admin, path=site.at("/boats/ferries"))
        assert [*(await site.release(site.other_id, site.under("guidance/boats"))).path_prefixes] == [site.under("boats")]
        await site.create(site.at("/guidance/boats"))


@pytest.mark.parametrize("delay", [0, 0.01, 0.03])
async def test_a_race_has_one_winner(site: Site, delay: float) -> None:
    """Of one who reserves and twenty who publish there at once, either the reservation comes first and all drafts after it are
    refused, or a draft does and the reservation is."""

    async def reserve() -> Organisation:
        await asyncio.sleep(delay)
        return await site.reserve(site.own_id, site.under("transport"))

    paths = [site.at(f"/transport/{uuid.uuid4().hex}") for _ in range(20)]
    reserved, *made = await asyncio.gather(reserve(), *map(site.create_other, paths), return_exceptions=True)
    created = [each for each in made if isinstance(each, Document)]
    reasons = {(await refused(failed(each))).reason for each in made if isinstance(each, BaseException)}
    if isinstance(reserved, Organisation):
        assert created == []
        assert reasons == {"PATH_RESERVED"}
    else:
        assert isinstance(reserved, BaseException)
        assert (await refused(failed(reserved))).reason == "PATH_IN_USE"
        assert len(created) == 20


async def failed(error: BaseException) -> None:
    raise error
