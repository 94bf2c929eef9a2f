"""Hashing: what is right, what is wrong, and how much at once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from statistics import median

import argon2
import pytest

from server.auth.failures import NeverHashed, SignInBusy
from server.auth.passwords.hashing import NICENESS, PARAMETERS, Passwords

PASSWORD = "violet-harbour-lantern"


class CountingPasswords(Passwords):
    count = 0

    def matches(self, password_hash: str, password: str) -> bool:
        self.count += 1
        return super().matches(password_hash, password)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """With one thread, and room for one more."""
    made = Passwords(threads=1, waiting=1)
    yield made
    made.close()


async def test_a_hash_is_argon2id_with_our_parameters(passwords: Passwords) -> None:
    """What is stored says how it was made: argon2id, 19 MiB, two passes, one lane."""
    assert (await passwords.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_password_verifies_however_it_was_composed(passwords: Passwords) -> None:
    """The same letters verify, composed by the keyboard or not; other letters do not."""
    stored = await passwords.hash("Café-in-the-harbour")
    assert await passwords.verify(stored, "Cafe\N{COMBINING ACUTE ACCENT}-in-the-harbour")
    assert not await passwords.verify(stored, "Cafe-in-the-harbour")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
async def test_what_is_no_hash_never_verifies(passwords: Passwords, stored: str | None) -> None:
    """An account without a password, or with a broken one, refuses every guess."""
    assert not await passwords.verify(stored, PASSWORD)


async def test_no_guess_finds_the_dummy(passwords: Passwords) -> None:
    """Even whoever guessed the dummy's password would not get in."""
    passwords.dummy = passwords.hasher.hash(PASSWORD)
    assert not await passwords.verify(None, PASSWORD)


async def test_a_guess_costs_as_much_where_there_is_no_account(passwords: Passwords) -> None:
    """Without a hash a dummy of the same cost is verified: how long a refusal takes says nothing of who is known (A1)."""
    stored = await passwords.hash(PASSWORD)
    known, unknown = [], []
    for _ in range(20):  # in turns, in processor time: so other work on this machine tips neither
        known.append(await cost(passwords, stored))
        unknown.append(await cost(passwords, None))
    assert median(unknown) == pytest.approx(median(known), rel=0.1, abs=0.005)


async def cost(passwords: Passwords, stored: str | None) -> float:
    """Seconds of processor time that a wrong guess takes."""
    start = time.process_time()
    assert not await passwords.verify(stored, "a wrong guess")
    return time.process_time() - start


async def test_a_hash_is_renewed_when_the_parameters_changed(passwords: Passwords) -> None:
    """A hash made with weaker parameters is made anew, one with today's is kept."""
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    renewed = await passwords.renewed(weaker, PASSWORD)
    assert renewed is not None
    assert argon2.extract_parameters(renewed) == PARAMETERS
    assert await passwords.verify(renewed, PASSWORD)
    assert await passwords.renewed(renewed, PASSWORD) is None


async def test_what_exceeds_the_queue_is_refused_before_it_is_hashed() -> None:
    """One runs, one waits, all others are refused at once and told when to come back."""
    passwords = CountingPasswords(threads=1, waiting=1)
    outcomes = await asyncio.gather(*(passwords.verify(None, PASSWORD) for _ in range(20)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, SignInBusy)]
    assert len(refused) == 18
    assert passwords.count == 2
    assert all(each.retry_after > 0 for each in refused)
    assert not await passwords.verify(None, PASSWORD)  # and afterwards there is room again
    passwords.close()


async def test_work_that_nobody_waits_for_leaves_the_queue(passwords: Passwords) -> None:
    """A call that was cancelled while it waited makes room for the next."""
    running, waiting = (asyncio.ensure_future(passwords.verify(None, PASSWORD)) for _ in range(2))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(NeverHashed):
        await waiting
    assert not await passwords.verify(None, PASSWORD)
    assert not await running


async def test_hashing_stands_back(passwords: Passwords) -> None:
    """The threads that hash have a lower priority than the one that runs the event loop."""
    assert await passwords.run(lambda: os.nice(0)) == os.nice(0) + NICENESS
