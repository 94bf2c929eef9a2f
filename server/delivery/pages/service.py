"""GetPage: the answer of one path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from server import record
from server.delivery import failures
from server.delivery.horizon import Horizon
from server.delivery.pages import rules
from server.delivery.pages.cache import Entry, PageCache
from server.delivery.pages.leading import led
from server.process.domains import Previewing
from server.rpc import http
from server.rpc.call import Call

NOTHING = Entry(0, b"", 0.0)


@dataclass(frozen=True)
class Pages:
    """Answers from the cache, with bytes that were serialised at publication."""

    page_cache: PageCache
    horizon: Horizon
    max_age: int
    """For how many seconds browsers and CDNs may keep an answer."""
    previews: Callable[[], Previewing]

    async def GetPage(self, request: rpc.GetPageRequest, call: Call) -> bytes:
        if request.preview_token:
            return await self.preview(request, call)
        if number := record.minimum(request, call):
            await self.horizon.reach(number)
        path, locale = rules.site_path(request.path), request.locale
        if request.fallback_locales:
            locale, entry = await self.in_first(path, request)
        elif request.any_locale:
            entry = await self.page_cache.get_any(path, locale)
        else:
            entry = self.page_cache.held(path, locale) or await self.page_cache.get(path, locale)
        if entry.number == 0:
            raise failures.PageNotFound
        if entry.leads_on:
            entry = await led(self.page_cache, path, locale, entry)
        if call.is_http:
            call.headers += self.headers(call, entry)
            call.tell_headers()
        return entry.answer

    async def preview(self, request: rpc.GetPageRequest, call: Call) -> bytes:
        """Past all caches: nobody but who asks is to have it. Raises PageNotFound for what is not ours, as for any path that
        serves nothing."""
        where = request.preview_token, request.path, request.locale
        answer = await self.previews().page(*where, any_locale=request.any_locale, call=call)
        if answer is None:
            raise failures.PageNotFound
        if call.is_http:
            call.headers += rules.PREVIEW_HEADERS
            call.tell_headers()
        return answer

    async def in_first(self, path: str, request: rpc.GetPageRequest) -> tuple[str, Entry]:
        """What the path serves in the first of the languages that will do, and which that is: each costs a look."""
        locale, entry = request.locale, NOTHING
        for locale in rules.languages(request.locale, request.fallback_locales):
            entry = self.page_cache.held(path, locale) or await self.page_cache.get(path, locale)
            if entry.number:
                return locale, entry
        return (request.locale, await self.page_cache.get(path, "")) if request.any_locale else (locale, entry)

    def headers(self, call: Call, entry: Entry) -> tuple[tuple[str, str], ...]:
        if not entry.headers:
            entry.headers = rules.http_headers(rpc.GetPageResponse.FromString(entry.answer), entry.number, self.max_age)
        is_page = all(name != "x-http-status" for name, _ in entry.headers)
        is_held_by_client = is_page and http.matches(call, rules.etag(entry.number))
        return (*entry.headers, http.NOT_MODIFIED) if is_held_by_client else entry.headers
