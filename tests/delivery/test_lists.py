"""ListPages: newest first, in parts, filtered, and new as soon as anything is published."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any

import grpc

from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest, ListPagesResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.delivery.changes import Changes
from tests.publishing import put_gone, put_page, put_redirect
from tests.refusals import refused
from tests.service import Service

OTHER = uuid.UUID("0190a5a0-0000-7000-8000-00000000000b")


async def list_pages(service: Service, **request: object) -> ListPagesResponse:
    return await DeliveryServiceStub(service.channel).ListPages(ListPagesRequest(**request))  # type: ignore[arg-type]


async def paths(service: Service, **request: object) -> list[str]:
    return [page.path for page in (await list_pages(service, **request)).pages]


async def test_parts(own_service: Service) -> None:
    """The parts of a list together hold every page once, newest first."""
    for number in range(7):
        await put_page(own_service.database, f"/{number}")
    seen: list[str] = []
    token = ""
    while True:
        answer = await list_pages(own_service, page_size=3, page_token=token)
        seen += [page.path for page in answer.pages]
        token = answer.next_page_token
        if not token:
            break
    assert seen == [f"/{number}" for number in reversed(range(7))]


async def test_filters(own_service: Service) -> None:
    """A list holds what its filters ask for, and neither redirects nor what is gone."""
    await put_page(own_service.database, "/a", content_type="guide")
    await put_page(own_service.database, "/b", content_type="news_story")
    await put_page(own_service.database, "/c", locale="cy")
    await put_page(own_service.database, "/d", organisation_id=OTHER)
    await put_redirect(own_service.database, "/e", "/a")
    await put_gone(own_service.database, "/f", "gone")
    assert await paths(own_service) == ["/d", "/c", "/b", "/a"]
    assert await paths(own_service, content_type="news_story") == ["/b"]
    assert await paths(own_service, locale="cy") == ["/c"]
    assert await paths(own_service, organisation_id=str(OTHER)) == ["/d"]
    assert await paths(own_service, organisation_id=str(uuid.uuid4())) == []


async def test_a_list_is_new_after_a_publication(own_service: Service) -> None:
    """A list that is held is dropped when anything is published."""
    await put_page(own_service.database, "/a")
    assert await paths(own_service) == ["/a"]
    await put_page(own_service.database, "/b")
    async with asyncio.timeout(1):
        while await paths(own_service) != ["/b", "/a"]:
            await asyncio.sleep(0.01)


async def test_wrong_requests(own_service: Service) -> None:
    """A page size beyond the limit, an id that is none and a token of another query are refused by name."""
    await put_page(own_service.database, "/a")
    await put_page(own_service.database, "/b")
    token = (await list_pages(own_service, page_size=1)).next_page_token
    for request, field in (
        ({"page_size": 101}, "page_size"),
        ({"organisation_id": "us"}, "organisation_id"),
        ({"page_token": token, "content_type": "guide"}, "page_token"),
        ({"page_token": "nonsense"}, "page_token"),
    ):
        refusal = await refused(list_pages(own_service, **request))
        assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])


async def test_a_list_over_http_can_be_kept(own_service: Service) -> None:
    """Over HTTP a list has an ETag and Cache-Control; who names the ETag gets 304, until something is published."""
    await put_page(own_service.database, "/a")
    tag, said = await headers(own_service)
    assert tag.startswith('W/"')
    assert said["cache-control"] == "public, max-age=30"
    assert (await headers(own_service, ("if-none-match", tag)))[1]["x-http-status"] == "304"
    await put_page(own_service.database, "/b")
    while await paths(own_service) != ["/b", "/a"]:
        await asyncio.sleep(0.01)
    new, said = await headers(own_service, ("if-none-match", tag))
    assert new != tag
    assert "x-http-status" not in said


async def headers(service: Service, *more: tuple[str, str]) -> tuple[str, dict[str, str]]:
    """The ETag and all that Envoy is told of an answer."""
    metadata = (("x-envoy-original-method", "GET"), *more)
    call = DeliveryServiceStub(service.channel).ListPages(ListPagesRequest(), metadata=metadata)
    await call
    said = {key: str(value) for key, value in await call.initial_metadata()}
    return said["etag"], said


async def test_fields_that_no_list_goes_by(own_service: Service) -> None:
    """Requests that differ in what the contract does not know are one, and none of it is held."""
    await put_page(own_service.database, "/a")
    lists: Any = own_service.channel.unary_unary("/gazette.delivery.v1.DeliveryService/ListPages")
    asked = ListPagesRequest(page_size=7).SerializeToString()
    unknown = [bytes([0xFA, 0x7F, 3]) + bytes([number] * 3) for number in range(3)]  # field 2047, three bytes
    answers = {await lists(asked + more, timeout=5) for more in (b"", *unknown)}
    assert len(answers) == 1
    assert [*own_service.app.means(Changes).list_cache.entries] == [asked]


async def test_a_list_of_the_release_before(own_service: Service) -> None:
    """What it has put into Redis, in its own order and with page tokens that hold no more, is not told, though nothing was
    published since."""
    await put_page(own_service.database, "/a")
    changes = own_service.app.means(Changes)
    while changes.list_cache.head < 1:
        await asyncio.sleep(0.01)
    head = changes.list_cache.head
    request = ListPagesRequest(page_size=3)
    key = f"gazette:list:{head}:{hashlib.sha256(request.SerializeToString()).hexdigest()}"
    await own_service.redis.set(key, ListPagesResponse(next_page_token="old").SerializeToString(), 60)
    assert await paths(own_service, page_size=3) == ["/a"]
