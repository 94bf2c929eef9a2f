"""Where the page cache gets its answers: Redis, and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
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
        return None if found is None else Read(path, locale, *found)

    async def stored(self, path: str, locale: str) -> Read | None:
        """From PostgreSQL: the path's own page, or the redirect that covers it."""
        try:
            row = await self.served(path, locale)
        except SchemaChanged:
            row = await self.served(path, locale)
        if row is None:
            return None
        if row.path == path:
            return Read(row.path, row.locale, row.record_number, row.answer)
        redirect = GetPageResponse.FromString(row.answer).redirect
        answer = rules.redirected_below(redirect, row.path, path, preserves_suffix=row.preserves_suffix)
        return Read(path, row.locale, row.record_number, answer.SerializeToString(), is_own=False)

    async def served(self, path: str, locale: str) -> AnyRow | None:
        async with self.database.read() as connection:
            return await queries.served(connection, path, locale)

    async def share(self, found: Read) -> None:
        await self.shared_cache.put(found.path, found.locale, found.number, found.answer)
