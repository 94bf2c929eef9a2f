"""GetPage: what a path serves now, from the caches, and never anything older."""

from __future__ import annotations

import asyncio

import grpc

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.delivery.changes import Changes
from tests.polling import until
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


async def test_a_page(service: Service, root: str) -> None:
    """A page is served under its path, with and without the first slash."""
    number = await put_page(service.database, f"{root}/guidance/a", "Alpha")
    for path in (f"{root}/guidance/a", f"{root[1:]}/guidance/a", f"{root}/guidance/a/"):
        answer = await get(service, path)
        assert (answer.page.title, answer.page.html, answer.page.record_number) == ("Alpha", "<p>Alpha</p>", number)


async def test_an_absent_page(service: Service) -> None:
    """A path with nothing is NOT_FOUND, cold and warm, with a reason that clients can rely on."""
    for _ in range(2):
        refusal = await refused(get(service, "/nothing"))
        assert (refusal.code, refusal.reason, refusal.info.domain) == (grpc.StatusCode.NOT_FOUND, "PAGE_NOT_FOUND", "gazette")


async def test_an_absent_page_that_is_published(service: Service, root: str) -> None:
    """A path that was asked for in vain serves its page as soon as there is one."""
    await refused(get(service, f"{root}/late"))
    await put_page(service.database, f"{root}/late", "Here now")
    async with asyncio.timeout(1):
        while True:
            try:
                assert (await get(service, f"{root}/late")).page.title == "Here now"
                break
            except grpc.RpcError:
                await asyncio.sleep(0.01)


async def test_a_change_is_seen(service: Service, root: str) -> None:
    """A page that is held in memory is dropped when it changes."""
    await put_page(service.database, f"{root}/a", "Before")
    assert (await get(service, f"{root}/a")).page.title == "Before"
    await put_page(service.database, f"{root}/a", "After")
    await title_becomes(service, f"{root}/a", "After")


async def test_locales(service: Service, root: str) -> None:
    """Without a locale the English page answers, or else the one that is there; with one, no other."""
    await put_page(service.database, f"{root}/a", "Cymraeg", locale="cy")
    assert (await get(service, f"{root}/a")).page.title == "Cymraeg"
    await put_page(service.database, f"{root}/a", "English")
    await title_becomes(service, f"{root}/a", "English")
    assert (await get(service, f"{root}/a", "cy")).page.title == "Cymraeg"
    assert (await refused(get(service, f"{root}/a", "fr"))).code == grpc.StatusCode.NOT_FOUND


async def test_redirects_and_what_is_gone(service: Service, root: str) -> None:
    """A redirect says where to, what is gone says why."""
    await put_redirect(service.database, f"{root}/old", f"{root}/new")
    await put_gone(service.database, f"{root}/closed", "<p>Closed.</p>")
    assert (await get(service, f"{root}/old")).redirect.location == f"{root}/new"
    assert (await get(service, f"{root}/closed")).gone.explanation == "<p>Closed.</p>"


async def test_redirects_of_all_below(service: Service, root: str) -> None:
    """A redirect that covers what is below it answers for absent paths there, and for none that has a page."""
    await refused(get(service, f"{root}/old/x/y"))
    await put_redirect(service.database, f"{root}/old", f"{root}/new", covers=True, preserves=True)
    await put_page(service.database, f"{root}/old/kept", "Kept")
    async with asyncio.timeout(1):
        while True:
            try:
                assert (await get(service, f"{root}/old/x/y")).redirect.location == f"{root}/new/x/y"
                break
            except grpc.RpcError:
                await asyncio.sleep(0.01)
    assert (await get(service, f"{root}/old/kept")).page.title == "Kept"
    await refused(get(service, f"{root}/older"))


async def test_a_new_process_reads_from_redis(service: Service, template: str, root: str) -> None:
    """An answer that one process has read is in Redis, and a change is marked there for all."""
    await put_page(service.database, f"{root}/a", "Before")
    await get(service, f"{root}/a", "en")
    cache = service.redis

    async def is_shared() -> bool:
        return b"Before" in (await cache.get(f"gazette:page:en:{root}/a") or b"")

    await until(is_shared)
    await put_page(service.database, f"{root}/a", "After")
    await title_becomes(service, f"{root}/a", "After")
    assert b"Before" not in (await cache.get(f"gazette:page:en:{root}/a") or b"")


async def test_a_slow_reader_never_wins(service: Service, root: str) -> None:
    """An older answer does not replace a newer one in Redis, nor the marker of a newer one."""
    shared = service.app.means(Changes).shared_cache
    await shared.put(f"{root}/a", "en", 7, b"seven")
    await shared.put(f"{root}/a", "en", 6, b"six")
    assert await shared.get(f"{root}/a", "en") == (7, b"seven")
    await shared.mark(f"{root}/a", "en", 7)
    assert await shared.get(f"{root}/a", "en") == (7, b"seven")
    await shared.mark(f"{root}/a", "en", 8)
    await shared.put(f"{root}/a", "en", 7, b"seven")
    assert await shared.get(f"{root}/a", "en") is None
    await shared.put(f"{root}/a", "en", 10, b"ten")
    assert await shared.get(f"{root}/a", "en") == (10, b"ten")


async def test_many_readers_read_once(own_service: Service, root: str) -> None:
    """A hundred readers of a page that nobody holds cost one read."""
    await put_page(own_service.database, f"{root}/a", "Alpha")
    reads = 0
    reader = own_service.app.means(Changes).page_cache.reader
    stored = type(reader).stored

    async def counted(self: object, path: str, locale: str) -> object:
        nonlocal reads
        reads += 1
        return await stored(reader, path, locale)

    object.__setattr__(reader, "stored", counted.__get__(reader))
    answers = await asyncio.gather(*(get(own_service, f"{root}/a") for _ in range(100)))
    assert {answer.page.title for answer in answers} == {"Alpha"}
    assert reads == 1


async def test_memory_is_bounded(servers, template, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The cache holds no more bytes than it may, and serves all the same."""
    async with running(servers, template, tmp_path, PAGE_CACHE_BYTES="2000") as service:
        for number in range(30):
            await put_page(service.database, f"/{number}", "x" * 200)
            assert (await get(service, f"/{number}")).page.title == "x" * 200
        cache = service.app.means(Changes).page_cache

        async def held() -> int:
            await get(service, "/29")  # whose publication may have been heard of only now
            return cache.bytes_held

        assert await until(held) <= 2000


async def test_a_path_that_is_too_long(service: Service) -> None:
    """A path that is too long is refused, and named."""
    refusal = await refused(get(service, "/" + "a" * 600))
    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["path"])
