"""Waiting for one's turn, for those who have time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from server.rpc.failures import ResourceExhausted

Result = TypeVar("Result")


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """What came of the work, which is begun again as often as too many others are before it."""
    while True:
        try:
            return await work()
        except ResourceExhausted as failure:
            await asyncio.sleep(failure.retry_after)
