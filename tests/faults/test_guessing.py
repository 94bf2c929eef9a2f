"""Guessing passwords while Redis or PostgreSQL is away: it never gets easier."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest

from server.auth.passwords.hashing import Passwords
from tests.auth.guessing import counted, guess, login
from tests.auth.stored import events
from tests.faults.installation import Installation
from tests.faults.test_redis import away
from tests.polling import until_so
from tests.refusals import Refusal
from tests.service import Service
from tests.soak import some_of

VICTIM = "victim@example.gov"
HOME = "198.51.100.7"


async def guesses(service: Service, count: int) -> list[Refusal]:
    """Wrong ones, all at once, from as many addresses."""
    return await asyncio.gather(*(guess(service, VICTIM, address=f"203.0.113.{number}") for number in range(count)))


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_without_redis(installation: Installation, exposed: Service, how: str) -> None:
    """While Redis is dead or silent a hundred wrong guesses at once cost five hashes (A2, X7), who is known still signs in, and
    the audit has it once."""
    await exposed.account(VICTIM)
    known = await login(exposed, VICTIM, address=HOME)
    async with away(installation, how):
        with counted(exposed.app.means(Passwords)) as hashes:
            refusals = await guesses(exposed, 100)
        assert len(hashes) == 5
        assert {refusal.reason for refusal in refusals} <= {"INVALID_CREDENTIALS", "DATABASE_UNAVAILABLE", "SIGN_IN_BUSY"}
        await login(exposed, VICTIM, address=HOME)
        await login(exposed, VICTIM, address="192.0.2.1", device_token=known.device_token)
    assert len(await events(exposed, "account.sign_in_throttled")) == 1


@pytest.mark.parametrize("how", some_of(("kill", "pause"), "pause"))
async def test_redis_goes_and_comes_back(installation: Installation, exposed: Service, how: str) -> None:
    """What was counted before Redis went counts while it is away, and when it is back, empty or not (X7)."""
    await exposed.account(VICTIM)
    with counted(exposed.app.means(Passwords)) as hashes:
        await guesses(exposed, 2)
        async with away(installation, how):
            await guesses(exposed, 2)
            assert len(hashes) == 4
        await until_so(
            lambda: exposed.app.base.redis.resting_until < time.monotonic()
        )  # a Redis that failed is left alone for a while
        await guesses(exposed, 50)
        assert len(hashes) == 5
        async with away(installation, how):
            await guesses(exposed, 50)
    assert len(hashes) == 5


@pytest.mark.parametrize("how", some_of(("kill", "pause"), "kill"))
async def test_with_neither(installation: Installation, exposed: Service, how: str) -> None:
    """While PostgreSQL is away, Redis too or not, nobody signs in, rightly or wrongly, and nothing is hashed."""
    await exposed.account(VICTIM)
    database = installation.stack.postgres
    begin, end = (database.kill, database.start) if how == "kill" else (database.pause, database.resume)
    codes = set()
    with counted(exposed.app.means(Passwords)) as hashes:
        await asyncio.to_thread(begin)
        try:
            codes |= {refusal.code for refusal in await guesses(exposed, 5)}
            async with away(installation, how):
                codes |= {refusal.code for refusal in await guesses(exposed, 5)}
        finally:
            await asyncio.to_thread(end)
    assert hashes == []
    assert codes <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_an_office_without_redis(installation: Installation, exposed: Service, how: str) -> None:
    """While Redis is dead or silent an address that accounts have signed in from has ten attempts for all of them (A4, X7),
    of which those before count, and known devices sign in there."""
    people = [await exposed.account() for _ in range(4)]
    tokens = [(await login(exposed, person.email, address=HOME)).device_token for person in people]
    with counted(exposed.app.means(Passwords)) as hashes:
        for person in people[:3]:
            await guess(exposed, person.email, address=HOME)
        async with away(installation, how):
            refusals = await asyncio.gather(*(guess(exposed, people[number % 4].email, address=HOME) for number in range(40)))
            assert len(hashes) <= 10
            assert {refusal.reason for refusal in refusals} <= {
                "INVALID_CREDENTIALS",
                "TOO_MANY_SIGN_INS",
                "SIGN_IN_BUSY",
                "DATABASE_UNAVAILABLE",
                "DEADLINE_EXCEEDED",
            }
            for person, token in zip(people, tokens, strict=True):
                await login(exposed, person.email, address=HOME, device_token=token)
