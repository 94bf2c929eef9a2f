"""Hashing: what is right, what is wrong, and how much at once."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from statistics import median

import argon2
import pytest
import pytest_asyncio

from server.auth.failures import NeverHashed, SignInBusy
from server.auth.passwords import argon
from server.auth.passwords.hashing import AT_ONCE, BESIDE, NICENESS, PARAMETERS, Passwords, share
from tests.auth.guessing import counted
from tests.polling import until_so

PASSWORD = "violet-harbour-lantern"


@pytest_asyncio.fixture
async def passwords() -> AsyncIterator[Passwords]:
    """With one process, and room for one more."""
    made = Passwords(at_once=1, waiting=1)
    yield made
    await made.close()


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
    passwords.dummy = argon.hashed(PASSWORD)
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
    await passwords.verify(None, "so that there is a process")
    (process,) = passwords.processes.all
    start = used(process.pid)
    assert not await passwords.verify(stored, "a wrong guess")
    return used(process.pid) - start


def used(pid: int) -> float:
    """Seconds of processor time of this process and that one (clock_getcpuclockid(3), on Linux)."""
    return time.process_time() + time.clock_gettime((~pid << 3) | 2)


async def test_a_hash_is_renewed_when_the_parameters_changed(passwords: Passwords) -> None:
    """A hash made with weaker parameters is made anew, one with today's is kept."""
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    renewed = await passwords.renewed(weaker, PASSWORD)
    assert renewed is not None
    assert argon2.extract_parameters(renewed) == PARAMETERS
    assert await passwords.verify(renewed, PASSWORD)
    assert await passwords.renewed(renewed, PASSWORD) is None


async def test_what_exceeds_the_queue_is_refused_before_it_is_hashed(passwords: Passwords) -> None:
    """One runs, one waits, all others are refused at once and told when to come back."""
    with counted(passwords) as hashes:
        outcomes = await asyncio.gather(*(passwords.verify(None, PASSWORD) for _ in range(20)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, SignInBusy)]
    assert len(refused) == 18
    assert len(hashes) == 2
    assert all(each.retry_after > 0 for each in refused)
    assert not await passwords.verify(None, PASSWORD)  # and afterwards there is room again


async def test_work_that_nobody_waits_for_leaves_the_queue(passwords: Passwords) -> None:
    """A call that was cancelled while it waited makes room for the next."""
    running, waiting = (asyncio.ensure_future(passwords.verify(None, PASSWORD)) for _ in range(2))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(NeverHashed):
        await waiting
    assert not await passwords.verify(None, PASSWORD)
    assert not await running


async def test_what_was_begun_is_done(passwords: Passwords) -> None:
    """A caller that leaves while its password is hashed is not forgiven the guess: the hash goes on, and keeps its place."""
    with counted(passwords) as hashes:
        running = asyncio.ensure_future(passwords.verify(None, PASSWORD))
        await until_so(lambda: hashes)
        running.cancel()
        with pytest.raises(asyncio.CancelledError) as left:
            await running
        assert left.type is not NeverHashed
        assert passwords.processes.free.locked()
        await until_so(lambda: not passwords.processes.free.locked())
    assert len(passwords.processes.idle) == 1


async def test_hashing_stands_back(passwords: Passwords) -> None:
    """What hashes has a lower priority than the event loop, and an interpreter of its own (A6)."""
    await passwords.hash(PASSWORD)
    (process,) = passwords.processes.all
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)
    assert os.sched_getscheduler(process.pid) == os.SCHED_BATCH


async def test_what_hashes_is_replaced(passwords: Passwords) -> None:
    """A process that somebody ended is started anew, and its work is done; at the end none is left."""
    stored = await passwords.hash(PASSWORD)
    (process,) = passwords.processes.all
    process.kill()
    assert await passwords.verify(stored, PASSWORD)
    (another,) = passwords.processes.all - {process}
    await passwords.close()
    assert another.returncode is not None


async def test_a_crowd_stands_in_line(passwords: Passwords) -> None:
    """Few sign in at a time, others wait without having cost anything, and who waits too long is told when to come back; who
    leaves the line makes room (A6)."""
    active, most = 0, 0

    async def sign_in() -> None:
        nonlocal active, most
        async with passwords.turn():
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1

    await asyncio.gather(*(sign_in() for _ in range(100)))
    assert most == 1 + BESIDE
    async with AsyncExitStack() as places:
        for _ in range(most):
            await places.enter_async_context(passwords.turn())
        waiting = asyncio.create_task(sign_in())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        passwords.patience = 0.01
        with pytest.raises(SignInBusy) as refused:
            await sign_in()
    assert refused.value.retry_after > 0
    await asyncio.gather(*(sign_in() for _ in range(most)))


def test_the_machine_is_shared() -> None:
    """All processes together hash on no more than half of the processors, or each on one."""
    processors = len(os.sched_getaffinity(0))
    for workers in (1, 2, 64):
        assert 1 <= share(workers) <= AT_ONCE
        assert share(workers) * workers <= max(workers, processors // 2)
