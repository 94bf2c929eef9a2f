"""Counts the statements that PostgreSQL is sent on behalf of calls, whatever way they take, BEGIN and COMMIT among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import asyncpg
import pytest
from asyncpg.prepared_stmt import PreparedStatement

from server.rpc import ambient

WAYS = (
    (asyncpg.Connection, "_execute"),  # what fetch, fetchrow, fetchval and execute with arguments come to
    (asyncpg.Connection, "executemany"),
    (PreparedStatement, "fetch"),
    (PreparedStatement, "fetchrow"),
    (PreparedStatement, "fetchval"),
)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The statements of each method that is called meanwhile in this process, by its path."""
    counts: Counter[str] = Counter()

    def count() -> None:
        if ambient.is_answering():
            counts[ambient.current().method.path] += 1

    def counting(sent: Any) -> Any:
        @wraps(sent)
        async def send(*arguments: Any, **named: Any) -> Any:
            count()
            return await sent(*arguments, **named)

        return send

    execute = asyncpg.Connection.execute

    async def simple(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        if not arguments:  # as BEGIN and COMMIT; with arguments it comes to `_execute`
            count()
        return await execute(self, query, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in WAYS:
            patch.setattr(owner, name, counting(getattr(owner, name)))
        patch.setattr(asyncpg.Connection, "execute", simple)
        yield counts
