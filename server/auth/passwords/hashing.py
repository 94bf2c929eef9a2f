"""Hashing passwords and checking them: argon2id, off the event loop, and never more at once than the machine can bear.

A thread of a low priority would not do: while it holds the interpreter's lock, for which the event loop then waits, whoever
else has work on this machine goes before it. A process has a lock of its own.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from typing import TypeVar

from server.auth.failures import NeverHashed, SignInBusy
from server.auth.passwords import argon
from server.auth.passwords.rules import is_demo, normal
from server.background import tasks
from server.background.processes import Processes
from server.rpc.failures import ResourceExhausted

PARAMETERS = argon.PARAMETERS
AT_ONCE = 2
"""How many passwords a worker hashes at once, at most; and all workers together as many as the machine has processors, half of
them."""
WAITING = 64
"""How many may wait. At 20 to 55 ms each the last one waits for less than four seconds."""
BESIDE = 3
"""How many more than are hashed at once sign in at a time: those that ask the database before or after their hash."""
NICENESS = 10
"""How far the processes stand back from the event loops, whose readers are many and have little to wait for. A machine that has
nothing to spare still gives them a tenth of a processor: so people can sign in."""
LONGEST = 10.0
"""Seconds of processor time, of which a hash takes a hundredth."""
RETRY_SECONDS = 2.0
PATIENCE = 3.0
"""Seconds that somebody stands in line to sign in."""
PATIENT = 0.6
"""What part of a call's time that may be: the rest is for signing in."""

Result = TypeVar("Result")


class Passwords:
    """argon2id in processes of its own. It refuses with SignInBusy, before it hashes, when too many wait already."""

    def __init__(
        self, *, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE, is_public: bool = False
    ) -> None:
        self.is_public = is_public
        """Whether others than its developers depend on this installation: there the demo's password opens nothing."""
        self.processes = Processes(at_once=at_once, waiting=waiting, niceness=NICENESS, imports=(argon.__name__,))
        self.turns = asyncio.Semaphore(at_once + BESIDE)
        self.patience = patience
        self.dummy = dummy()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn to sign in, which is waited for before anything else is done: so a crowd stands in line, and does not all at
        once what comes before and after the hash. Raises SignInBusy if it does not come in time."""
        try:
            async with asyncio.timeout(self.patience):
                await self.turns.acquire()
        except TimeoutError:
            raise SignInBusy(retry_after=RETRY_SECONDS) from None
        try:
            yield
        finally:
            self.turns.release()

    async def hash(self, password: str) -> str:
        """Raises SignInBusy."""
        return await self.run(argon.hashed, normal(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is the password's. Without a hash it takes as long, and is not; and so does the demo's password in
        public, whose accounts came along with a database from somebody's machine. Raises SignInBusy."""
        is_right = await self.run(argon.is_right, password_hash or self.dummy, normal(password))
        return is_right and password_hash is not None and not (self.is_public and is_demo(password))

    async def renewed(self, password_hash: str, password: str) -> str | None:
        """A new hash of a password that was just verified, if the parameters have changed since the old one was made."""
        if not argon.HASHER.check_needs_rehash(password_hash):
            return None
        try:
            return await self.hash(password)
        except SignInBusy:
            return None  # the next sign-in will do

    async def run(self, function: Callable[..., Result], *arguments: str) -> Result:
        """Raises SignInBusy; NeverHashed if the caller leaves before it is begun. What was begun is done: it was counted."""
        async with AsyncExitStack() as place:
            try:
                await place.enter_async_context(self.processes.place())
            except ResourceExhausted:
                raise SignInBusy(retry_after=RETRY_SECONDS) from None
            except asyncio.CancelledError:
                raise NeverHashed from None
            taken = place.pop_all()
        return await tasks.finish(self.computed(taken, function, *arguments))

    async def computed(self, place: AsyncExitStack, function: Callable[..., Result], *arguments: str) -> Result:
        async with place:
            return await self.processes.done(function, *arguments, seconds=LONGEST)

    async def close(self) -> None:
        await self.processes.close()


@cache
def dummy() -> str:
    """The hash of what nobody knows, one for each process."""
    return argon.hashed(secrets.token_urlsafe())


def share(workers: int) -> int:
    """How many passwords each of so many workers on this machine hashes at once."""
    return max(1, min(AT_ONCE, len(os.sched_getaffinity(0)) // 2 // workers))
