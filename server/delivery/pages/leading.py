"""Where answers that name another place lead at the moment they are read, whatever was published there since."""

from __future__ import annotations

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.failures import PageNotFound
from server.delivery.pages import rules
from server.delivery.pages.cache import Entry, PageCache
from server.delivery.pages.following import Place, Way, follow
from server.rpc.failures import Unavailable


async def led(page_cache: PageCache, path: str, locale: str, entry: Entry) -> Entry:
    """The entry that the path serves, as it is to be told: with the place to which the one that it names leads by now, and the
    language in which that is to be had. Raises PageNotFound for a redirect that leads back to where it comes from."""
    answer = GetPageResponse.FromString(entry.answer)
    if answer.HasField("redirect"):
        redirect = answer.redirect
        way = await followed(page_cache, redirect, Place(path, locale))
        if way.is_circle:
            raise PageNotFound
        redirect.location, redirect.locale = way.location, way.locale
    else:
        gone = answer.gone
        way = await followed(page_cache, Redirect(location=gone.alternative_path, locale=gone.alternative_locale), None)
        if not way.is_circle:
            gone.alternative_path, gone.alternative_locale = way.location, way.locale
    return Entry(entry.number, answer.SerializeToString(), entry.checked)


async def followed(page_cache: PageCache, redirect: Redirect, start: Place | None) -> Way:
    async def seek(path: str, locale: str) -> Redirect | None:
        try:
            entry = await page_cache.get_any(path, locale)
        except Unavailable:  # what was found so far is true all the same
            return None
        return rules.redirect_of(entry.answer)

    way = await follow(redirect, seek, start=start)
    if way.is_circle or not way.locale:
        return way
    return way._replace(locale=await locale_there(page_cache, rules.site_path_of(way.location), way.locale))


async def locale_there(page_cache: PageCache, path: str, locale: str) -> str:
    """The locale, or nothing where the path serves something in others alone."""
    try:
        if (await page_cache.get(path, locale)).number:
            return locale
        return "" if (await page_cache.get(path, "")).number else locale
    except Unavailable:
        return locale
