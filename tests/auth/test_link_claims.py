"""Links that are used by many at once: one hash is computed, one use succeeds, and the others are told what a used link is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from gazette.auth.v1 import password_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.failures import SignInBusy
from server.auth.models import Link
from server.auth.passwords.hashing import Passwords
from tests.auth.administering import invite
from tests.auth.mailbox import newest, request_reset, token
from tests.auth.stored import change, rows
from tests.refusals import refusal, refused
from tests.service import Service

pytestmark = pytest.mark.timed  # a hundred calls at once have their deadlines, too

NEW = "copper-meadow-telescope"
Use = Callable[[Service, str, str], Awaitable[object]]


async def reset(service: Service, link: str, password: str = NEW) -> object:
    request = password_pb2.ResetPasswordRequest(token=link, new_password=password)
    return await AuthServiceStub(service.channel).ResetPassword(request)


async def accept(service: Service, link: str, password: str = NEW) -> object:
    request = password_pb2.AcceptInvitationRequest(token=link, password=password)
    return await AuthServiceStub(service.channel).AcceptInvitation(request)


@pytest_asyncio.fixture(params=["reset", "invitation"])
async def sent(request: pytest.FixtureRequest, own_service: Service) -> tuple[Use, str, str]:
    """A way to use a link, the link, and whose it is."""
    service = own_service
    if request.param == "reset":
        person = await service.account()
        await request_reset(service, person.email)
        return reset, token(await newest(service, person.email)), person.email
    email = f"{service.unique('ada')}@example.gov"
    await invite(service, await service.account(role=Role.ROLE_ADMIN), email)
    return accept, token(await newest(service, email)), email


@contextmanager
def hashing(passwords: Passwords, failure: Exception | None = None) -> Iterator[list[str]]:
    """The passwords that are hashed meanwhile; the first of them fails, if there is a failure."""
    hashed: list[str] = []
    compute = passwords.hash

    async def hash_and_note(password: str) -> str:
        hashed.append(password)
        if failure is not None and len(hashed) == 1:
            raise failure
        return await compute(password)

    passwords.hash = hash_and_note  # type: ignore[method-assign]
    try:
        yield hashed
    finally:
        del passwords.hash


async def outcome(use: Awaitable[object]) -> str:
    try:
        await use
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return "done"


async def test_a_hundred_uses_compute_one_hash(own_service: Service, sent: tuple[Use, str, str]) -> None:
    """Of a hundred at once one is done; all others are told that the link does not hold, or to come back (A11)."""
    use, link, email = sent
    with hashing(own_service.app.means(Passwords)) as hashed:
        outcomes = Counter(await asyncio.gather(*(outcome(use(own_service, link, f"{NEW}-{number}")) for number in range(100))))
    assert len(hashed) == 1
    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", "INVALID_LINK", "DATABASE_UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    assert (await own_service.sign_in(email, hashed[0])).email == email
    with hashing(own_service.app.means(Passwords)) as hashed:
        assert await outcome(use(own_service, link, NEW)) == "INVALID_LINK"
    assert hashed == []


@pytest.mark.parametrize("failure", [SignInBusy(retry_after=2.0), RuntimeError("no memory")], ids=["busy", "failed"])
async def test_what_could_not_be_hashed_gives_the_link_back(
    own_service: Service, sent: tuple[Use, str, str], failure: Exception
) -> None:
    """Where hashing is refused or fails, the link holds for another try at once."""
    use, link, email = sent
    with hashing(own_service.app.means(Passwords), failure):
        assert await outcome(use(own_service, link, NEW)) != "done"
        assert await outcome(use(own_service, link, NEW)) == "done"
    assert (await own_service.sign_in(email, NEW)).email == email


async def test_a_weak_password_takes_no_link(own_service: Service, sent: tuple[Use, str, str]) -> None:
    """It is refused before the link is anybody's."""
    use, link, _ = sent
    outcomes = await asyncio.gather(*(outcome(use(own_service, link, "password")) for _ in range(5)))
    assert outcomes == ["WEAK_PASSWORD"] * 5
    assert await outcome(use(own_service, link, NEW)) == "done"


async def test_a_claim_ends_by_itself(own_service: Service, sent: tuple[Use, str, str]) -> None:
    """A link that a call took along when it died is refused for half a minute, and holds again."""
    use, link, _ = sent
    await change(own_service, update(Link).values(claim_expire_time=datetime.now(UTC) + timedelta(seconds=30)))
    assert (await refused(use(own_service, link, NEW))).reason == "INVALID_LINK"
    await change(own_service, update(Link).values(claim_expire_time=datetime.now(UTC) - timedelta(seconds=1)))
    assert await outcome(use(own_service, link, NEW)) == "done"
    ((used,),) = await rows(own_service, select(Link.use_time))
    assert used is not None
