"""Where the page cache gets its answers: Redis, and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.pages import queries, rules
from server.delivery.pages.shared import SharedCache
from server.stores.postgres import AnyRow, Database, SchemaChanged


@dataclass(frozen=True, slots=True)
class Read:
    """An answer that was found for a path."""

    path: str
    locale: str
    number: int
    answer: bytes
    is_own: bool = True
    """False when a redirect above the path answers for it: such an answer is not kept."""


@dataclass(frozen=True)
class Reader:
    """Reads answers for paths."""

    database: Database
    shared_cache: SharedCache

    async def shared(self, path: str, locale: str, known: int = 0) -> Read | None:
        """From Redis, if it knows the record up to `known`. Without a locale: the page in the default one, which is what
        answers if there is one."""
        locale = locale or rules.DEFAULT_LOCALE
        found = await self.shared_cache.get(path, locale, known)
        if found is None:
            return None
        number, answer = found
        return Read(path, locale, number, located(answer, locale))

    async def stored(self, path: str, locale: str) -> Read | None:
        """From PostgreSQL: the path's own page, or the redirect that covers it."""
        try:
            row = await self.served(path, locale)
        except SchemaChanged:
            row = await self.served(path, locale)
        if row is None:
            return None
        if row.path == path:
            return Read(row.path, row.locale, row.record_number, answer_of(row)) if leads_anywhere(row) else None
        where = below(row, path)
        if where is None:
            return None
        return Read(path, row.locale, row.record_number, GetPageResponse(redirect=where).SerializeToString(), is_own=False)

    async def served(self, path: str, locale: str) -> AnyRow | None:
        async with self.database.read() as connection:
            return await queries.served(connection, path, locale)

    async def share(self, found: Read) -> None:
        await self.shared_cache.put(found.path, found.locale, found.number, found.answer)


def leads_anywhere(row: AnyRow) -> bool:
    """False for a redirect whose location is none that could be told; what is published now has one."""
    redirect = None if row.is_page else rules.redirect_of(row.answer)
    return redirect is None or rules.redirected(redirect) is not None


def answer_of(row: AnyRow) -> bytes:
    """What a page's row serves at its own path."""
    return bytes(row.answer) if row.is_page else located(row.answer, row.locale)


def below(row: AnyRow, path: str) -> Redirect | None:
    """What a row that covers all below its path says at a path there; None where that leads nowhere."""
    redirect = rules.redirect_of(located(row.answer, row.locale))
    if redirect is None:
        return None
    return rules.redirected_below(redirect, row.path, path, preserves_suffix=row.preserves_suffix)


def located(answer: bytes, locale: str) -> bytes:
    """The answer with the language to ask for where it leads: what was stored before answers had one is in this language."""
    if not rules.leads_on(answer):
        return answer
    return rules.located(GetPageResponse.FromString(answer), locale).SerializeToString()


def location_of(row: AnyRow) -> str:
    """Where a row's redirect leads, as it was published."""
    redirect = rules.redirect_of(row.answer)
    return redirect.location if redirect is not None else ""
