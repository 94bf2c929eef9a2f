"""Guessing from an address that many accounts have signed in from, such as an office's: how far it gets, and what honest people
there notice of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from gazette.auth.v1.auth_service_pb2 import LoginResponse
from server.auth.passwords.hashing import Passwords
from tests.auth.guessing import counted, guess, login
from tests.auth.stored import events
from tests.polling import PATIENCE
from tests.refusals import refused
from tests.service import Person, Service

pytestmark = pytest.mark.timed  # a hundred calls at once have their deadlines, too

OFFICE, ELSEWHERE = "198.51.100.20", "203.0.113.9"
PEOPLE = 8


@pytest.fixture(params=["with redis", "without redis"])
def _redis(request: pytest.FixtureRequest, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis, or none."""
    if request.param == "without redis":
        monkeypatch.setattr(service.app.base.redis, "resting_until", float("inf"))


@pytest_asyncio.fixture
async def office(service: Service, _redis: None) -> AsyncIterator[list[tuple[Person, str]]]:
    """Everybody who has signed in there, and the token of their device."""
    people = [await service.account() for _ in range(PEOPLE)]
    yield [(each, (await login(service, each.email, address=OFFICE)).device_token) for each in people]


async def patient(service: Service, email: str, *, address: str, device_token: str = "") -> LoginResponse:
    """Signs in as a program does that comes back when it is told that too many are signing in."""
    while True:
        try:
            return await login(service, email, address=address, device_token=device_token, seconds=PATIENCE)
        except grpc.aio.AioRpcError as error:
            if "Too many people" not in (error.details() or "") and error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise


async def test_ten_hashes_for_an_office(service: Service, office: list[tuple[Person, str]]) -> None:
    """Whoever guesses there, at all who have signed in there and at others, at once, has ten attempts for all of them (A4)."""
    emails = [person.email for person, _ in office] + [f"nobody-{number}@example.gov" for number in range(4)]
    with counted(service.app.means(Passwords)) as hashes:
        refusals = await asyncio.gather(*(guess(service, emails[number % 12], address=OFFICE) for number in range(96)))
        later = [(await guess(service, email, address=OFFICE)).reason for email in emails]
    assert len(hashes) == 10
    reasons = Counter(refusal.reason for refusal in refusals)
    assert reasons["INVALID_CREDENTIALS"] == 10
    assert set(reasons) <= {"INVALID_CREDENTIALS", "TOO_MANY_SIGN_INS", "SIGN_IN_BUSY"}
    assert set(later) == {"TOO_MANY_SIGN_INS"}


async def test_an_exhausted_office_tells_nothing(service: Service, office: list[tuple[Person, str]]) -> None:
    """Once its attempts are used up, the address is told the same of everybody: who has signed in there, who has elsewhere,
    and who has no account; with the right password too (A1)."""
    stranger = await service.account()
    emails = [office[0][0].email, office[1][0].email, stranger.email, "nobody@example.gov"]
    for number in range(10):
        assert (await guess(service, f"nobody-{number}@example.gov", address=OFFICE)).reason == "INVALID_CREDENTIALS"
    with counted(service.app.means(Passwords)) as hashes:
        wrong = [await guess(service, email, address=OFFICE) for email in emails]
        right = [await refused(login(service, email, address=OFFICE)) for email in emails[:3]]
    assert hashes == []
    assert {(refusal.code, refusal.reason) for refusal in (*wrong, *right)} == {
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_SIGN_INS")
    }
    assert len(await events(service, "account.sign_in_throttled")) == 1


async def test_colleagues_of_who_guesses_sign_in(service: Service, office: list[tuple[Person, str]]) -> None:
    """From devices that have signed in before, there and elsewhere, and from elsewhere without one (A3)."""
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(15):
            await guess(service, office[number % PEOPLE][0].email, address=OFFICE)
    assert len(hashes) == 10
    for person, token in office:
        await login(service, person.email, address=OFFICE, device_token=token)
        await login(service, person.email, address=ELSEWHERE, device_token=token)
    await login(service, office[0][0].email, address=ELSEWHERE)


async def test_a_crowd_in_the_morning(service: Service, office: list[tuple[Person, str]]) -> None:
    """Two dozen sign-ins at once from one address, without a device's token and some of them mistyped: all who are right get
    in, however few attempts are left."""
    badly = asyncio.gather(*(guess(service, person.email, address=OFFICE) for person, _ in office))
    answers = await asyncio.gather(*(patient(service, office[number % 8][0].email, address=OFFICE) for number in range(16)))
    assert Counter(answer.account.email for answer in answers) == {person.email: 2 for person, _ in office}
    assert {refusal.reason for refusal in await badly} <= {"INVALID_CREDENTIALS", "SIGN_IN_BUSY"}


async def test_strangers_elsewhere_use_up_nothing_there(service: Service, office: list[tuple[Person, str]]) -> None:
    """Guesses from anywhere else keep nobody out who signs in from the office, token or none (A3)."""
    person, token = office[0]
    for number in range(12):
        await guess(service, person.email, address=f"203.0.113.{number}")
    await login(service, person.email, address=OFFICE)
    await login(service, person.email, address=ELSEWHERE, device_token=token)
    assert (await refused(login(service, person.email, address="203.0.113.99"))).reason == "INVALID_CREDENTIALS"
