"""Counts the statements that PostgreSQL is sent on behalf of calls, whatever way they take, BEGIN and COMMIT among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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

OWN: ContextVar[bool] = ContextVar("own", default=False)
"""Whether this task counts what it sends by itself, or one that began it does."""


@contextmanager
def counted(*, beside: bool = False) -> Iterator[Counter[str]]:
    """The statements of each method that is called meanwhile in this process, by its path; if they are asked for, also those
    that whoever counts has caused without a call, by an empty one."""
    counts: Counter[str] = Counter()

    def count() -> None:
        if ambient.is_answering():
            counts[ambient.current().method.path] += 1
        elif OWN.get():
            counts[""] += 1

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
        token = OWN.set(beside)
        try:
            yield counts
        finally:
            OWN.reset(token)
