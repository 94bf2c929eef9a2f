"""Login: who gets a session, and what everybody else is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import argon2
import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from sqlalchemy import func, select, update

from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.password_pb2 import ChangePasswordRequest
from gazette.auth.v1.profile_pb2 import ChangeEmailRequest
from gazette.auth.v1.totp_pb2 import EnrolTotpRequest
from server.auth.models import Account, Session
from server.auth.passwords.hashing import PARAMETERS, Passwords
from server.auth.passwords.rules import DEMO_PASSWORD
from server.rpc.messages import moment
from tests.auth.guessing import guess
from tests.auth.stored import change, events, rows
from tests.refusals import Refusal, refused
from tests.servers import Servers
from tests.service import PASSWORD, Service, running

REQUEST_ID = (("x-request-id", "the-same-for-all"),)


async def test_the_right_password_starts_a_session(service: Service, email: str) -> None:
    """Who signs in gets both tokens, their ends, and its account with its grants."""
    organisation_id = await service.organisation()
    person = await service.account(email, Role.ROLE_EDITOR, organisation_id)
    auth = AuthServiceStub(service.channel)

    answer = await auth.Login(LoginRequest(email=email, password=PASSWORD))

    assert answer.account.id == person.id
    assert answer.account.email == email
    assert answer.account.state == AccountState.ACCOUNT_STATE_ACTIVE
    assert [(grant.role, grant.organisation_id) for grant in answer.account.grants] == [(Role.ROLE_EDITOR, organisation_id)]
    session = (await rows(service, select(Session.__table__).order_by(Session.id.desc())))[0]
    assert moment(answer.refresh_token_expire_time) == session.create_time + timedelta(days=7)
    left = moment(answer.access_token_expire_time) - session.create_time
    assert timedelta(minutes=15, seconds=-2) < left < timedelta(minutes=15, seconds=1)  # it ends on a whole second
    metadata = (("authorization", f"Bearer {answer.access_token}"),)
    assert (await auth.GetMe(GetMeRequest(), metadata=metadata)).account == answer.account


async def test_a_session_knows_where_it_came_from(service: Service) -> None:
    """A session and the audit keep the address, and the session the program that signed in."""
    account = await service.account()
    person = await service.sign_in(account.email)
    session = (await rows(service, select(Session.__table__).order_by(Session.id.desc())))[0]
    assert session.address == "127.0.0.1"
    assert session.user_agent.startswith("grpc-python-asyncio/")
    (event,) = await events(service, "account.sign_in")
    assert (event.target, str(event.actor_id), event.address) == (person.id, person.id, "127.0.0.1")
    assert event.details == {"session_id": str(session.id)}


async def test_an_address_is_known_in_any_case(service: Service) -> None:
    """People do not remember how they wrote their address."""
    person = await service.account(f"{service.unique('Ada.Byron')}@example.gov")
    assert (await service.sign_in(person.email.swapcase())).id == person.id


async def refuse(service: Service, email: str, password: str) -> Refusal:
    request = LoginRequest(email=email, password=password)
    return await refused(AuthServiceStub(service.channel).Login(request, metadata=REQUEST_ID))


async def test_every_refusal_is_the_same(service: Service) -> None:
    """Unknown, disabled, invited, a service's, wrong, or throttled: the status has the same bytes (A1)."""
    names = ("known", "disabled", "invited", "service", "throttled")
    known, disabled, invited, machine, throttled = [f"{service.unique(name)}@example.gov" for name in names]
    for email in (known, disabled, invited, machine, throttled):
        await service.account(email)
    await change(
        service,
        update(Account).where(Account.email == disabled).values(state=AccountState.ACCOUNT_STATE_DISABLED),
        update(Account).where(Account.email == invited).values(password_hash=None, state=AccountState.ACCOUNT_STATE_INVITED),
        update(Account)
        .where(Account.email == machine)
        .values(password_hash=None, email=None, kind=AccountKind.ACCOUNT_KIND_SERVICE),
    )
    for number in range(5):
        await guess(service, throttled, address=f"203.0.113.{number}")
    before = await rows(service, select(func.count()).select_from(Session))

    refusals = [
        await refuse(service, known, "not-the-password"),
        await refuse(service, "unknown@example.gov", PASSWORD),
        await refuse(service, disabled, PASSWORD),
        await refuse(service, disabled, "not-the-password"),
        await refuse(service, invited, PASSWORD),
        await refuse(service, machine, PASSWORD),
        await guess(service, throttled, address="203.0.113.7"),
        await refuse(service, "%@example.gov", PASSWORD),
        await refuse(service, known, "x" * 1024),
    ]

    assert refusals[0].code is grpc.StatusCode.UNAUTHENTICATED
    assert refusals[0].reason == "INVALID_CREDENTIALS"
    assert len({refusal.status.SerializeToString(deterministic=True) for refusal in refusals}) == 1
    assert await rows(service, select(func.count()).select_from(Session)) == before


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
async def test_the_demos_password_is_for_development(servers: Servers, template: str, tmp_path: Path, environment: str) -> None:
    """Where others depend on the service nobody signs in with the password that everybody knows, whose hash may be stored,
    however it is written (A8)."""
    known = argon2.PasswordHasher.from_parameters(PARAMETERS).hash(DEMO_PASSWORD)
    given = {"REFLECTION": "false", "MAIL_DIRECTORY": "", "PUBLIC_URL": "https://editors.example.gov"}
    async with running(servers, template, tmp_path, ENVIRONMENT=environment, **given) as service:
        honest = await service.account("ada@example.gov")
        await service.account("admin@example.gov")
        is_demo = Account.email == "admin@example.gov"
        await change(service, update(Account).where(is_demo).values(password_hash=known))
        for password in (DEMO_PASSWORD, "ｇazette-demo-only", "gazette－demo-ｏnly"):
            if environment == "development":
                assert (await service.sign_in("admin@example.gov", password)).access_token
            else:
                assert (await refuse(service, "admin@example.gov", password)).reason == "INVALID_CREDENTIALS"
        assert (await service.sign_in(honest.email)).access_token


async def test_the_demos_password_confirms_nothing_in_public(servers: Servers, template: str, tmp_path: Path) -> None:
    """A session that came along with such an account does nothing that the password is asked for again (A8)."""
    known = argon2.PasswordHasher.from_parameters(PARAMETERS).hash(DEMO_PASSWORD)
    given = {
        "ENVIRONMENT": "production",
        "REFLECTION": "false",
        "MAIL_DIRECTORY": "",
        "PUBLIC_URL": "https://editors.example.gov",
    }
    async with running(servers, template, tmp_path, **given) as service:
        person = await service.account("admin@example.gov")
        await change(service, update(Account).values(password_hash=known))
        auth = AuthServiceStub(service.channel)
        change_password = ChangePasswordRequest(password="ｇazette-demo-only", new_password=PASSWORD)
        change_email = ChangeEmailRequest(password="ｇazette-demo-only", email="eve@example.com")
        for call in (
            auth.ChangePassword(change_password, metadata=person.metadata),
            auth.ChangeEmail(change_email, metadata=person.metadata),
            auth.EnrolTotp(EnrolTotpRequest(password="gazette-demo-ｏnly"), metadata=person.metadata),
        ):
            assert (await refused(call)).reason == "WRONG_PASSWORD"


async def test_a_refusal_is_audited_without_what_was_typed(service: Service) -> None:
    """The audit knows whose sign-in was refused and why, but neither the password nor an address that is nobody's."""
    person = await service.account()
    await refuse(service, person.email, "not-the-password")
    await refuse(service, "my-password-by-mistake", "whatever")
    wrong, unknown = await events(service, "account.sign_in_refused")
    assert (wrong.target, wrong.actor_id, wrong.details) == (person.id, None, {"cause": "wrong password"})
    assert (unknown.target, unknown.details) == ("", {"cause": "unknown account"})
    assert wrong.address == "127.0.0.1"
    assert wrong.request_id == "the-same-for-all"


@pytest.mark.parametrize(("email", "password", "field"), [("", PASSWORD, "email"), ("ada@example.gov", "", "password")])
async def test_what_is_missing_is_named(service: Service, email: str, password: str, field: str) -> None:
    """A sign-in without an address or a password is a mistake of the client, and says where."""
    refusal = await refuse(service, email, password)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == [field]


async def test_a_weaker_hash_is_renewed_at_sign_in(service: Service) -> None:
    """Who signs in with a hash of earlier parameters has one of today's afterwards, and the same password."""
    person = await service.account()
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await change(service, update(Account).values(password_hash=weaker))

    await service.sign_in(person.email)

    ((stored,),) = await rows(service, select(Account.password_hash))
    assert argon2.extract_parameters(stored) == PARAMETERS
    assert (await service.sign_in(person.email)).id == person.id


async def test_too_many_sign_ins_at_once_are_told_to_wait(own_service: Service) -> None:
    """While the queue of passwords is full, a sign-in is refused at once and says when to come back."""
    person = await own_service.account()
    processes = own_service.app.means(Passwords).processes
    places, processes.places = processes.places, 0
    refusal = await refuse(own_service, person.email, PASSWORD)
    processes.places = places

    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.reason == "SIGN_IN_BUSY"
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in refusal.status.details)
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=2)
    assert (await own_service.sign_in(person.email)).id == person.id
