"""Hashing passwords and checking them: argon2id, off the event loop, and never more at once than the machine can bear."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from server.auth.failures import NeverHashed, SignInBusy
from server.auth.passwords.rules import normal

PARAMETERS = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""
THREADS = 2
WAITING = 64
"""How many may wait. At 20 to 55 ms each on two threads the last one waits for less than two seconds."""
RETRY_SECONDS = 2.0
NICENESS = 10
"""How far the threads stand back from the event loop, whose readers are many and have little to wait for."""

Result = TypeVar("Result")


class Passwords:
    """argon2id in threads of its own. It refuses with SignInBusy, before it hashes, when too many wait already."""

    def __init__(self, *, threads: int = THREADS, waiting: int = WAITING) -> None:
        self.hasher = PasswordHasher.from_parameters(PARAMETERS)
        self.executor = ThreadPoolExecutor(threads, "passwords", initializer=step_back)
        self.slots = BoundedSemaphore(threads + waiting)
        self.dummy = self.hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Raises SignInBusy."""
        return await self.run(lambda: self.hasher.hash(normal(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is the password's. Without a hash it takes as long, and is not. Raises SignInBusy."""
        is_right = await self.run(lambda: self.matches(password_hash or self.dummy, password))
        return is_right and password_hash is not None

    async def renewed(self, password_hash: str, password: str) -> str | None:
        """A new hash of a password that was just verified, if the parameters have changed since the old one was made."""
        if not self.hasher.check_needs_rehash(password_hash):
            return None
        try:
            return await self.hash(password)
        except SignInBusy:
            return None  # the next sign-in will do

    def matches(self, password_hash: str, password: str) -> bool:
        try:
            return self.hasher.verify(password_hash, normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def run(self, work: Callable[[], Result]) -> Result:
        if not self.slots.acquire(blocking=False):
            raise SignInBusy(retry_after=RETRY_SECONDS)
        future = self.executor.submit(work)
        future.add_done_callback(self.leave)
        try:
            return await asyncio.wrap_future(future)  # whose cancellation takes work that only waits out of the queue
        except asyncio.CancelledError:
            if future.cancelled():
                raise NeverHashed from None
            raise

    def leave(self, future: Future[Result]) -> None:
        self.slots.release()

    def close(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)


def step_back() -> None:
    """Lowers the priority of the thread that runs it: on Linux each has one of its own, whatever POSIX says."""
    os.nice(NICENESS)
