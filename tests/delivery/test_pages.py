"""GetPage: what a path serves now, from the caches, and never anything older."""

from __future__ import annotations

import asyncio

import grpc

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.delivery.changes import Changes
from tests.publishing import put_gone, put_page, put_redirect
from tests.refusals import refused
from tests.service import Service, running


async def get(service: Service, path: str, locale: str = "") -> GetPageResponse:
    return await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=path, locale=locale), timeout=5)


async def title_becomes(service: Service, path: str, title: str) -> None:
    """Waits, at most a second, until the path serves that title (I4)."""
    async with asyncio.timeout(1):
        while (await get(service, path)).page.title != title:
            await asyncio.sleep(0.01)


async def test_a_page(own_service: Service) -> None:
    """A page is served under its path, with and without the first slash."""
    number = await put_page(own_service.database, "/guidance/a", "Alpha")
    for path in ("/guidance/a", "guidance/a", "/guidance/a/"):
        answer = await get(own_service, path)
        assert (answer.page.title, answer.page.html, answer.page.record_number) == ("Alpha", "<p>Alpha</p>", number)


async def test_an_absent_page(own_service: Service) -> None:
    """A path with nothing is NOT_FOUND, cold and warm, with a reason that clients can rely on."""
    for _ in range(2):
        refusal = await refused(get(own_service, "/nothing"))
        assert (refusal.code, refusal.reason, refusal.info.domain) == (grpc.StatusCode.NOT_FOUND, "PAGE_NOT_FOUND", "gazette")


async def test_an_absent_page_that_is_published(own_service: Service) -> None:
    """A path that was asked for in vain serves its page as soon as there is one."""
    await refused(get(own_service, "/late"))
    await put_page(own_service.database, "/late", "Here now")
    async with asyncio.timeout(1):
        while True:
            try:
                assert (await get(own_service, "/late")).page.title == "Here now"
                break
            except grpc.RpcError:
                await asyncio.sleep(0.01)


async def test_a_change_is_seen(own_service: Service) -> None:
    """A page that is held in memory is dropped when it changes."""
    await put_page(own_service.database, "/a", "Before")
    assert (await get(own_service, "/a")).page.title == "Before"
    await put_page(own_service.database, "/a", "After")
    await title_becomes(own_service, "/a", "After")


async def test_locales(own_service: Service) -> None:
    """Without a locale the English page answers, or else the one that is there; with one, no other."""
    await put_page(own_service.database, "/a", "Cymraeg", locale="cy")
    assert (await get(own_service, "/a")).page.title == "Cymraeg"
    await put_page(own_service.database, "/a", "English")
    await title_becomes(own_service, "/a", "English")
    assert (await get(own_service, "/a", "cy")).page.title == "Cymraeg"
    assert (await refused(get(own_service, "/a", "fr"))).code == grpc.StatusCode.NOT_FOUND


async def test_redirects_and_what_is_gone(own_service: Service) -> None:
    """A redirect says where to, what is gone says why."""
    await put_redirect(own_service.database, "/old", "/new")
    await put_gone(own_service.database, "/closed", "<p>Closed.</p>")
    assert (await get(own_service, "/old")).redirect.location == "/new"
    assert (await get(own_service, "/closed")).gone.explanation == "<p>Closed.</p>"


async def test_redirects_of_all_below(own_service: Service) -> None:
    """A redirect that covers what is below it answers for absent paths there, and for none that has a page."""
    await refused(get(own_service, "/old/x/y"))
    await put_redirect(own_service.database, "/old", "/new", covers=True, preserves=True)
    await put_page(own_service.database, "/old/kept", "Kept")
    async with asyncio.timeout(1):
        while True:
            try:
                assert (await get(own_service, "/old/x/y")).redirect.location == "/new/x/y"
                break
            except grpc.RpcError:
                await asyncio.sleep(0.01)
    assert (await get(own_service, "/old/kept")).page.title == "Kept"
    await refused(get(own_service, "/older"))


async def test_a_new_process_reads_from_redis(own_service: Service, template: str) -> None:
    """An answer that one process has read is in Redis, and a change is marked there for all."""
    await put_page(own_service.database, "/a", "Before")
    await get(own_service, "/a", "en")
    cache = own_service.redis
    assert b"Before" in (await cache.get("gazette:page:en:/a") or b"")
    await put_page(own_service.database, "/a", "After")
    await title_becomes(own_service, "/a", "After")
    assert b"Before" not in (await cache.get("gazette:page:en:/a") or b"")


async def test_a_slow_reader_never_wins(own_service: Service) -> None:
    """An older answer does not replace a newer one in Redis, nor the marker of a newer one."""
    shared = own_service.app.means(Changes).shared_cache
    await shared.put("/a", "en", 7, b"seven")
    await shared.put("/a", "en", 6, b"six")
    assert await shared.get("/a", "en") == (7, b"seven")
    await shared.mark("/a", "en", 7)
    assert await shared.get("/a", "en") == (7, b"seven")
    await shared.mark("/a", "en", 8)
    await shared.put("/a", "en", 7, b"seven")
    assert await shared.get("/a", "en") is None
    await shared.put("/a", "en", 10, b"ten")
    assert await shared.get("/a", "en") == (10, b"ten")


async def test_many_readers_read_once(own_service: Service) -> None:
    """A hundred readers of a page that nobody holds cost one read."""
    await put_page(own_service.database, "/a", "Alpha")
    reads = 0
    reader = own_service.app.means(Changes).page_cache.reader
    stored = type(reader).stored

    async def counted(self: object, path: str, locale: str) -> object:
        nonlocal reads
        reads += 1
        return await stored(reader, path, locale)

    object.__setattr__(reader, "stored", counted.__get__(reader))
    answers = await asyncio.gather(*(get(own_service, "/a") for _ in range(100)))
    assert {answer.page.title for answer in answers} == {"Alpha"}
    assert reads == 1


async def test_memory_is_bounded(servers, template, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The cache holds no more bytes than it may, and serves all the same."""
    async with running(servers, template, tmp_path, PAGE_CACHE_BYTES="2000") as own_service:
        for number in range(30):
            await put_page(own_service.database, f"/{number}", "x" * 200)
            assert (await get(own_service, f"/{number}")).page.title == "x" * 200
        assert 0 < own_service.app.means(Changes).page_cache.bytes_held <= 2000


async def test_a_path_that_is_too_long(own_service: Service) -> None:
    """A path that is too long is refused, and named."""
    refusal = await refused(get(own_service, "/" + "a" * 600))
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["path"])
