"""Walks through ListPages: whatever is published, moved, withdrawn or removed meanwhile, all that was there all the time is
seen (C12)."""

from __future__ import annotations

import random

import grpc
import pytest
import pytest_asyncio

from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest, ListPagesResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.rpc.lists.paging import Paging
from tests.content.desk import Desk, imported, last_number
from tests.refusals import refused
from tests.service import Service

STABLE = ("", "first_publish_time desc")
ORDERS = (*STABLE, "publish_time", "publish_time desc")
WITHDRAWN = LiveState.LIVE_STATE_WITHDRAWN
GONE = LiveState.LIVE_STATE_GONE


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


async def part(desk: Desk, order_by: str, token: str = "", size: int = 2) -> ListPagesResponse:
    """As it stands when it is asked for, and no earlier."""
    request = ListPagesRequest(
        organisation_id=desk.organisation_id,
        order_by=order_by,
        page_size=size,
        page_token=token,
        min_record_number=await last_number(desk.service),
    )
    answer: ListPagesResponse = await DeliveryServiceStub(desk.service.channel).ListPages(request)
    return answer


async def walked(desk: Desk, order_by: str) -> list[str]:
    """The titles, page by page."""
    answer = await part(desk, order_by)
    seen = [page.title for page in answer.pages]
    while answer.next_page_token:
        answer = await part(desk, order_by, answer.next_page_token)
        seen += [page.title for page in answer.pages]
    return seen


class Site:
    """Documents that were published elsewhere, brought in one by one, again and again."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.parts: dict[str, ImportedDocument] = {}
        self.count = 0

    async def put(self, title: str, **said: object) -> None:
        """Publishes it, for the first time or anew: with another summary, and where and as what is said."""
        self.count += 1
        known = self.parts.get(title) or imported(f"{self.desk.root}/{title}", said={"title": title})
        wanted = ImportedDocument()
        wanted.CopyFrom(known)
        wanted.document.summary = f"Version {self.count}"
        for name, value in said.items():
            setattr(wanted.document if name == "path" else wanted, name, value)
        (result,) = await self.desk.bring_in(wanted)
        assert not result.reason
        wanted.ClearField("explanation")
        wanted.live_state = LiveState.LIVE_STATE_PUBLISHED
        self.parts[title] = wanted

    async def disturb(self, chance: random.Random, lasting: list[str], passing: list[str]) -> None:
        """Publishes anew, moves or withdraws what is to last; removes and restores what passes; adds something."""
        match chance.randrange(5):
            case 0:
                await self.put(f"new-{self.count}")
            case 1:
                await self.put(chance.choice(passing), live_state=chance.choice([GONE, LiveState.LIVE_STATE_PUBLISHED]))
            case 2:
                await self.put(chance.choice(lasting), live_state=WITHDRAWN, explanation="Out of date.")
            case 3:
                await self.put(chance.choice(lasting), path=f"{self.desk.root}/moved-{self.count}")
            case _:
                await self.put(chance.choice(lasting))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("order_by", ORDERS[1:])
async def test_nothing_is_hidden(desk: Desk, order_by: str, seed: int) -> None:
    """Published anew, moved, withdrawn, removed and added to between any two parts, a list shows all that was there from the
    beginning: once, in its order, where that goes by the first publication; at least once where it goes by the last, and the
    walk ends (C12)."""
    chance, site = random.Random(seed), Site(desk)
    names = [f"page-{number}" for number in range(9)]
    for name in names:
        await site.put(name)
    for name in chance.sample(names, 4):
        await site.put(name)
    lasting, passing = names[::2], names[1::2]
    seen: list[str] = []
    answer = await part(desk, order_by)
    for turn in range(40):
        seen += [page.title for page in answer.pages]
        if not answer.next_page_token:
            break
        if turn < 8:
            for _ in range(chance.randrange(4)):
                await site.disturb(chance, lasting, passing)
        answer = await part(desk, order_by, answer.next_page_token)
    assert not answer.next_page_token
    assert not set(lasting) - set(seen)
    if order_by in STABLE:
        assert [name for name in seen if name in lasting] == lasting[::-1]


async def test_orders_are_what_they_are_called(desk: Desk) -> None:
    """Each order is that of the times it names, which the summaries tell; nothing comes twice where nothing was published."""
    site = Site(desk)
    for name in ("a", "b", "c", "d", "e"):
        await site.put(name)
    await site.put("b")
    await site.put("d", live_state=WITHDRAWN)
    first, last = ["e", "d", "c", "b", "a"], ["d", "b", "e", "c", "a"]
    wanted = {"": first, "first_publish_time desc": first, "publish_time desc": last, "publish_time": last[::-1]}
    for order_by, titles in wanted.items():
        assert await walked(desk, order_by) == titles
        whole = await part(desk, order_by, size=5)
        assert not whole.next_page_token
        field = (order_by or STABLE[1]).partition(" ")[0]
        times = [getattr(page, field).ToNanoseconds() for page in whole.pages]
        assert times == sorted(times, reverse=order_by != "publish_time")


async def test_what_is_refused(desk: Desk) -> None:
    """An order that is not in the contract is refused by name, and so is a token of another order or of the release before."""
    site = Site(desk)
    for name in ("a", "b", "c"):
        await site.put(name)
    for order_by in ("title", "first_publish_time", "publish_time asc", "publish_time desc "):
        refusal = await refused(part(desk, order_by))
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["order_by"])
    token = (await part(desk, "")).next_page_token
    before = ListPagesRequest(organisation_id=desk.organisation_id)
    old = Paging.from_secrets(desk.service.settings.jwt_secret).token(before, "", 42)
    for order_by, given in (("publish_time", token), ("publish_time desc", token), ("", old)):
        refusal = await refused(part(desk, order_by, given))
        assert (refusal.reason, list(refusal.fields)) == ("INVALID_PAGE_TOKEN", ["page_token"])
