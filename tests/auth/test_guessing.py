"""Guessing passwords: what it costs, how far it gets, and that nobody is locked out by it."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from statistics import median

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from sqlalchemy import select, update

from server.auth.devices import DeviceTokens
from server.auth.models import Account, Session
from server.auth.passwords.hashing import Passwords
from tests.auth.guessing import counted, guess, login
from tests.auth.stored import change, events, rows
from tests.refusals import Refusal, refused
from tests.service import Service
from tests.soak import rounds

pytestmark = pytest.mark.timed  # a hundred calls at once have their deadlines, too

HOME = "198.51.100.7"


@pytest.fixture
def victim(service: Service) -> str:
    """An address that nobody else has."""
    return f"{service.unique('victim')}@example.gov"


def stranger(number: int) -> str:
    """An address from which nobody has signed in."""
    return f"203.0.113.{number}"


async def all_of(guesses: Iterable[Awaitable[Refusal]], at_once: int = 5) -> list[Refusal]:
    places = asyncio.Semaphore(at_once)

    async def one(each: Awaitable[Refusal]) -> Refusal:
        async with places:
            return await each

    return await asyncio.gather(*map(one, guesses))


async def test_five_hashes_for_an_account(service: Service, victim: str) -> None:
    """Of a hundred wrong guesses at once, from as many addresses, five are looked at (A2). The others are told the same."""
    await service.account(victim)
    with counted(service.app.means(Passwords)) as hashes:
        refusals = await all_of((guess(service, victim, address=stranger(number)) for number in range(100)), at_once=100)
    assert len(hashes) == 5
    assert {refusal.reason for refusal in refusals} == {"INVALID_CREDENTIALS"}
    assert len({refusal.status.SerializeToString(deterministic=True) for refusal in refusals}) == 1


async def test_an_unknown_account_has_as_many(service: Service) -> None:
    """Nobody learns by counting which addresses are known: five guesses at nobody's are looked at, in whatever case."""
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(10):
            email = random.Random(number).choice(["Nobody@example.gov", "nobody@EXAMPLE.gov", "NOBODY@example.gov"])
            assert (await guess(service, email, address=stranger(number))).reason == "INVALID_CREDENTIALS"
    assert len(hashes) == 5


async def test_case_buys_no_attempts(service: Service) -> None:
    """Letters that PostgreSQL takes for one are one for the throttle too, such as K and the sign of the kelvin."""
    place = f"{service.unique('example')}.gov"
    await service.account(f"king@{place}")
    with counted(service.app.means(Passwords)) as hashes:
        for number, letter in enumerate("kK\N{KELVIN SIGN}" * 4):
            await guess(service, f"{letter}ing@{place}", address=stranger(number))
    known = [each for each in hashes if each != service.app.means(Passwords).dummy]
    assert len(known) <= 5


@rounds(5, 50, "addresses")
@pytest.mark.timed
async def test_nobody_is_locked_out(service: Service, victim: str, addresses: int) -> None:
    """While 20 guesses come from each of many addresses, a device that has signed in before does so within a second, from
    anywhere, and so does anybody at an address from which the account was signed in to (A3)."""
    await service.account(victim)
    token = (await login(service, victim, address=HOME)).device_token
    usual = [await seconds_to_sign_in(service, victim, HOME) for _ in range(5)]
    with counted(service.app.means(Passwords)) as hashes:
        guesses = (guess(service, victim, address=stranger(number % addresses)) for number in range(20 * addresses))
        attack = asyncio.ensure_future(all_of(guesses))
        took: list[float] = []
        while not attack.done() or len(took) < 10:
            took.append(await seconds_to_sign_in(service, victim, f"192.0.2.{len(took) % 250}", token))
            took.append(await seconds_to_sign_in(service, victim, HOME))
        reasons = Counter(refusal.reason for refusal in await attack)
    assert median(took) < 1 + 3 * median(usual)  # a machine may be so busy that a second is nothing
    assert len(hashes) == 5 + len(took)
    first = 10 * addresses  # of each address the first ten, and then the others
    assert reasons == {"INVALID_CREDENTIALS": first, "TOO_MANY_SIGN_INS": first}


async def seconds_to_sign_in(service: Service, email: str, address: str, device_token: str = "") -> float:
    start = time.perf_counter()
    await login(service, email, address=address, device_token=device_token)
    return time.perf_counter() - start


async def test_a_stranger_with_the_right_password_waits_too(service: Service, victim: str) -> None:
    """Who is not known has to wait until the guessing is over: otherwise the sixth guess might be the right one."""
    await service.account(victim)
    for number in range(5):
        await guess(service, victim, address=stranger(number))
    refusal = await refused(login(service, victim, address=stranger(6)))
    assert refusal.reason == "INVALID_CREDENTIALS"


async def test_ten_hashes_for_an_address(service: Service) -> None:
    """One address that tries 200 accounts, there or not, has ten attempts, and is then told when to come back (A4)."""
    emails = [f"nobody-{number}@example.gov" for number in range(170)] + [(await service.account()).email for _ in range(30)]
    random.Random(1).shuffle(emails)
    with counted(service.app.means(Passwords)) as hashes:
        refusals = await all_of((guess(service, email, address=stranger(1)) for email in emails), at_once=2)
    assert len(hashes) == 10
    throttled = [refusal for refusal in refusals if refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert len(throttled) == 190
    for refusal in throttled:
        assert refusal.reason == "TOO_MANY_SIGN_INS"
        retry = RetryInfo()
        assert any(detail.Unpack(retry) for detail in refusal.status.details)
        assert timedelta(minutes=4) < retry.retry_delay.ToTimedelta() <= timedelta(minutes=5)


async def test_a_network_of_ipv6_is_one_address(service: Service) -> None:
    """Whoever has 64 bits of addresses has no more attempts than others."""
    reasons = [
        (await guess(service, f"nobody-{number}@example.gov", address=f"2001:db8:1:2::{number:x}")).reason
        for number in range(12)
    ]
    assert reasons == ["INVALID_CREDENTIALS"] * 10 + ["TOO_MANY_SIGN_INS"] * 2
    assert (await guess(service, "nobody@example.gov", address="2001:db8:1:3::1")).reason == "INVALID_CREDENTIALS"


async def test_who_is_right_does_not_run_out(service: Service) -> None:
    """Twenty people sign in from one new address, one after the other, and one of them twenty times from twenty."""
    people = [await service.account() for _ in range(20)]
    for number, person in enumerate(people):
        await login(service, person.email, address=stranger(1))
        await login(service, people[0].email, address=stranger(number + 2))


async def test_what_a_known_client_may_get_wrong(service: Service, victim: str) -> None:
    """A known device has ten attempts of its own, and so has an address. The device is then told what everyone is told, the
    address what every address is, and neither uses up the other's or a stranger's."""
    await service.account(victim)
    token = (await login(service, victim, address=HOME)).device_token
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(15):
            refusal = await guess(service, victim, address=stranger(number), device_token=token)
            assert refusal.reason == "INVALID_CREDENTIALS"
        assert len(hashes) == 10
        reasons = [(await guess(service, victim, address=HOME)).reason for _ in range(15)]
        assert reasons == ["INVALID_CREDENTIALS"] * 10 + ["TOO_MANY_SIGN_INS"] * 5
        assert len(hashes) == 20
    assert (await login(service, victim, address=stranger(1))).account.email == victim


async def test_a_device_keeps_its_name(service: Service, victim: str) -> None:
    """The token that a known device gets names the same device: signing in again buys no attempts."""
    person = await service.account(victim)
    tokens = [(await login(service, victim, address=stranger(1))).device_token]
    for _ in range(3):
        tokens.append((await login(service, victim, address=stranger(1), device_token=tokens[-1])).device_token)
    other = (await login(service, victim, address=stranger(1))).device_token
    read = DeviceTokens.from_secret(service.settings.refresh_token_secret)
    (account,) = await rows(service, select(Account.__table__).where(Account.id == uuid.UUID(person.id)))
    devices = [device.id for token in (*tokens, other) if (device := read.device(token, account)) is not None]
    assert len(devices) == 5
    assert len(set(devices[:-1])) == 1
    assert devices[-1] != devices[0]


async def test_each_device_has_a_budget(service: Service, victim: str) -> None:
    """What is guessed through four devices keeps a fifth one out no more than strangers do (A3)."""
    await service.account(victim)
    tokens = [(await login(service, victim, address=stranger(1))).device_token for _ in range(5)]
    with counted(service.app.means(Passwords)) as hashes:
        for token in tokens[:4]:
            refusals = [await guess(service, victim, address=stranger(2), device_token=token) for _ in range(11)]
            assert {refusal.reason for refusal in refusals} == {"INVALID_CREDENTIALS"}
    assert len(hashes) == 40
    await login(service, victim, address=stranger(2), device_token=tokens[4])


async def test_a_stranger_brings_anothers_token(service: Service, victim: str) -> None:
    """With a device token of another account, with a forged one or none, a client is as unknown as with none."""
    await service.account(victim)
    thief = await service.account()
    theirs = (await login(service, thief.email, address=stranger(1))).device_token
    for number in range(5):
        await guess(service, victim, address=stranger(number))
    for token in (theirs, theirs[:-1] + ("A" if theirs[-1] != "A" else "B"), "a" * 92, "not a token"):
        refusal = await refused(login(service, victim, address=stranger(9), device_token=token))
        assert refusal.reason == "INVALID_CREDENTIALS"


async def test_an_address_is_forgotten(service: Service, victim: str) -> None:
    """From where nobody has signed in for 90 days, nobody is known; nor from nowhere, as erased sessions have it."""
    await service.account(victim)
    await login(service, victim, address=HOME)
    for number in range(5):
        await guess(service, victim, address=stranger(number))
    await login(service, victim, address=HOME)
    await change(service, update(Session).values(create_time=Session.create_time - timedelta(days=90)))
    assert (await refused(login(service, victim, address=HOME))).reason == "INVALID_CREDENTIALS"


async def test_throttling_is_audited_once(service: Service, victim: str) -> None:
    """The audit has the throttling once for each account and address and window, and nothing of what was typed."""
    person = await service.account(victim)
    for number in range(8):
        await guess(service, victim, address=stranger(number))
    for number in range(20):
        await guess(service, f"nobody-{number}@example.gov", address=stranger(100))
    of_account, of_address = await events(service, "account.sign_in_throttled")
    assert (of_account.target, of_account.details) == (person.id, {"budget": "account"})
    assert (of_address.target, of_address.details) == ("", {"budget": "address"})
    assert len(await events(service, "account.sign_in_refused")) == 15
