"""How often somebody may call: so many calls in a window of time, by account, or by address where nobody is signed in.

No call waits for Redis. Each process counts by itself, and refuses by what it knows. Every quarter of a second it adds to Redis
what it has counted since, and learns what all processes have counted together; while Redis is away, its own count goes on
(docs/decisions/0015). What the public reads is left to Envoy, which limits it by address; health and reflection are free.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from typing import Any, Protocol
from zlib import crc32

from prometheus_client import Counter

from server.rpc.call import Call, Handler, network
from server.rpc.failures import ResourceExhausted
from server.rpc.methods import Method

SHARE_SECONDS = 0.25
MOST_KEYS = 100_000
"""Accounts and addresses that a process counts for. Beyond, it forgets those that it has counted for longest."""
MOST_SHARED = 500
"""How many of them a process tells Redis of in one round, so that calls from very many addresses leave it time to answer."""
MOST_FORGOTTEN = 1000
AT_ONCE = 8

LIMITED = Counter("gazette_rate_limited_total", "Calls beyond the rate limit, by what they were counted by.", ["by"])
limited = {by: LIMITED.labels(by).inc for by in ("account", "address")}

Key = uuid.UUID | str
"""An account's id, or an address."""


class RateLimited(ResourceExhausted):
    """The account or the address has made all the calls that it may make in this window."""

    reason = "RATE_LIMITED"
    message = "Too many calls. Try again when the time that they are counted in has ended."


@dataclass(slots=True)
class Count:
    """The calls of one account or address in one window."""

    end: float
    """When the window ends, in seconds since the epoch."""
    calls: int = 0
    """Of all processes, as far as this one knows."""
    untold: int = 0
    """How many of them Redis has not heard of."""


class Shared(Protocol):
    """The counts of all processes together."""

    async def is_there(self) -> bool:
        """Whether anybody would hear."""

    async def add(self, key: str, amount: int, seconds: int) -> int | None:
        """The key's new count, kept for so many seconds; None if there was no answer. It may have been counted all the same."""


@dataclass
class Rates:
    """What this process has counted."""

    most: int
    seconds: int
    """The window's length. Those of different accounts end at different moments, so that they do not all come back at once."""
    shared: Shared
    now: Callable[[], float] = time.time
    counts: dict[Key, Count] = field(default_factory=dict)
    """The oldest window first."""
    untold: dict[Key, Count] = field(default_factory=dict)

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        if method.rule.public and method.is_read:
            return handler

        async def limit(request: Any, call: Call) -> Any:
            now = self.now()
            key = call.caller.account_id or network(call.address)
            count = self.counts.get(key)
            if count is None or count.end <= now:
                count = self.begin(key, now)
            is_exceeded = count.calls >= self.most
            if not is_exceeded:
                count.calls += 1
                count.untold += 1
                self.untold[key] = count
            if call.is_http:
                call.headers += self.headers(count, now)
            if is_exceeded:
                limited["account" if call.caller.account_id else "address"]()
                raise RateLimited(retry_after=count.end - now)
            return await handler(request, call)

        return limit

    def count(self, call: Call, more: int) -> None:
        """Counts a call that was let in as so many more: what it does is as much as they would do. It goes on in any case; what
        exceeds the limit is missing to those that follow."""
        count = self.counts.get(call.caller.account_id or network(call.address))
        if count is None or not more:
            return
        count.calls += more
        count.untold += more
        self.untold[call.caller.account_id or network(call.address)] = count
        if call.is_http:
            names = {name for name, _ in self.headers(count, self.now())}
            call.headers = (*(each for each in call.headers if each[0] not in names), *self.headers(count, self.now()))

    def check_stranger(self, call: Call) -> None:
        """Raises RateLimited if the address has made all its calls. For what costs something before it is known who calls."""
        now = self.now()
        count = self.counts.get(network(call.address))
        if count is not None and count.end > now and count.calls >= self.most:
            limited["address"]()
            raise RateLimited(retry_after=count.end - now)

    def headers(self, count: Count, now: float) -> tuple[tuple[str, str], ...]:
        """The three of draft-ietf-httpapi-ratelimit-headers-03, which clients know; later drafts put all into one. The reset is
        in seconds from now."""
        return (
            ("ratelimit-limit", str(self.most)),
            ("ratelimit-remaining", str(max(0, self.most - count.calls))),
            ("ratelimit-reset", str(ceil(count.end - now))),
        )

    def begin(self, key: Key, now: float) -> Count:
        """The count of a new window, which begins and ends at the same moments in all processes."""
        self.forget(key)
        if len(self.counts) >= MOST_KEYS:
            self.forget(next(iter(self.counts)))
        offset = crc32(str(key).encode()) % self.seconds
        end = ((now - offset) // self.seconds + 1) * self.seconds + offset
        count = self.counts[key] = Count(end)
        return count

    def forget(self, key: Key) -> None:
        self.counts.pop(key, None)
        self.untold.pop(key, None)

    def forget_ended(self) -> None:
        now = self.now()
        for key, count in [*islice(self.counts.items(), MOST_FORGOTTEN)]:
            if count.end > now:
                break
            self.forget(key)

    async def share(self) -> None:
        """Shares the counts with the other processes."""
        self.forget_ended()
        if not self.untold or not await self.shared.is_there():
            return
        waiting = iter([*islice(self.untold.items(), MOST_SHARED)])
        while batch := [*islice(waiting, AT_ONCE)]:
            if not all(await asyncio.gather(*(self.tell(key, count) for key, count in batch))):
                return

    async def tell(self, key: Key, count: Count) -> bool:
        """Adds to Redis what is untold, and learns what all have told; False if there was no answer. It may have heard all the
        same, so nothing is told twice: at worst the others never hear of calls that this process goes on counting."""
        amount, count.untold = count.untold, 0
        self.untold.pop(key, None)
        left = ceil(count.end - self.now())
        if left <= 0:
            return True
        calls = await self.shared.add(f"{key}/{count.end:.0f}", amount, left + 1)
        if calls is None:
            return False
        count.calls = max(count.calls, calls + count.untold)
        return True
