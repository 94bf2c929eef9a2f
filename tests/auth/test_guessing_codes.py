"""Guessing the second step of a sign-in, and what somebody who is signed in is asked for again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
import pytest_asyncio
from google.rpc.error_details_pb2 import RetryInfo

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import totp_pb2
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.passwords.hashing import Passwords
from tests.auth.authenticator import App, disable, enrol, set_up, wrong
from tests.auth.guessing import counted, login
from tests.auth.stored import events
from tests.refusals import Refusal, refused
from tests.service import PASSWORD, Service

STRANGER = (("x-forwarded-for", "203.0.113.1"),)


@pytest_asyncio.fixture
async def app(service: Service) -> App:
    return await set_up(service, await service.account())


async def try_code(service: Service, app: App, code: str) -> Refusal:
    request = rpc.LoginRequest(email=app.person.email, password=PASSWORD, totp_code=code)
    return await refused(AuthServiceStub(service.channel).Login(request, metadata=STRANGER))


async def ask_password(service: Service, app: App, password: str) -> Refusal:
    request = totp_pb2.EnrolTotpRequest(password=password)
    return await refused(AuthServiceStub(service.channel).EnrolTotp(request, metadata=app.person.metadata))


async def test_codes_are_guessed_no_faster_than_passwords(service: Service, app: App) -> None:
    """Who knows the password has five codes to try; from then on the right one is refused too, in the same words."""
    refusals = [await try_code(service, app, wrong(app)) for _ in range(5)]
    assert {refusal.reason for refusal in refusals} == {"INVALID_CREDENTIALS"}
    with counted(service.app.means(Passwords)) as hashes:
        assert (await try_code(service, app, app.code())).reason == "INVALID_CREDENTIALS"
    assert hashes == []
    noted = await events(service, "account.sign_in_refused")
    assert [event.details for event in noted] == [{"cause": "wrong code"}] * 5


async def test_being_asked_for_a_code_costs_nothing(service: Service, app: App) -> None:
    """Programs sign in without a code first, to see whether one is needed: that is no wrong attempt."""
    for _ in range(12):
        assert (await try_code(service, app, "")).reason == "TOTP_REQUIRED"
    request = rpc.LoginRequest(email=app.person.email, password=PASSWORD, totp_code=app.code())
    await AuthServiceStub(service.channel).Login(request, metadata=STRANGER)


async def test_a_stolen_access_token_guesses_no_password(service: Service, app: App) -> None:
    """Who is signed in has five wrong passwords at once too, in whatever session, and is then told when to come back. Signing
    in is no harder for it."""
    refusals = await asyncio.gather(*(ask_password(service, app, "not-the-password") for _ in range(20)))
    reasons = [refusal.reason for refusal in refusals]
    assert reasons.count("WRONG_PASSWORD") == 5
    assert reasons.count("TOO_MANY_SIGN_INS") == 15
    with counted(service.app.means(Passwords)) as hashes:
        refusal = await ask_password(service, app, PASSWORD)
    assert hashes == []
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_SIGN_INS")
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in refusal.status.details)
    assert timedelta(minutes=14) < retry.retry_delay.ToTimedelta() <= timedelta(minutes=15)

    other = await service.account()
    assert await enrol(service, other) != totp_pb2.EnrolTotpResponse()
    await login(service, other.email, address="203.0.113.1")
    (event,) = await events(service, "account.sign_in_throttled")
    assert (event.target, str(event.actor_id)) == (app.person.id, app.person.id)
    assert event.details == {"budget": "confirmation"}


async def test_which_field_is_wrong(service: Service, app: App) -> None:
    """A wrong password of somebody who is signed in is a mistake in the request, and says where."""
    refusal = await ask_password(service, app, "not-the-password")
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.fields == {"password": "is not the account's password"}


async def test_a_stolen_access_token_guesses_no_code(service: Service, app: App) -> None:
    """Even with the password, five wrong codes are the last that are looked at."""
    reasons = [(await refused(disable(service, app.person, wrong(app)))).reason for _ in range(6)]
    assert reasons == ["WRONG_CODE"] * 5 + ["TOO_MANY_SIGN_INS"]
    assert (await refused(disable(service, app.person, app.code()))).reason == "TOO_MANY_SIGN_INS"


async def test_a_stolen_access_token_ends_no_set_up(service: Service) -> None:
    """Who may not know the secret that is being set up has five codes to try too: the right one would give away the recovery
    codes."""
    person = await service.account()
    app = App(person, (await enrol(service, person)).secret, ())

    async def confirm(code: str) -> str:
        request = totp_pb2.ConfirmTotpRequest(code=code)
        return (await refused(AuthServiceStub(service.channel).ConfirmTotp(request, metadata=person.metadata))).reason

    assert [await confirm(wrong(app)) for _ in range(6)] == ["WRONG_CODE"] * 5 + ["TOO_MANY_SIGN_INS"]
    assert await confirm(app.code()) == "TOO_MANY_SIGN_INS"


async def test_wrong_confirmations_are_audited(service: Service, app: App) -> None:
    """The audit has each wrong password and each wrong code of somebody who is signed in, and who it was."""
    await ask_password(service, app, "not-the-password")
    await refused(disable(service, app.person, wrong(app)))
    noted = await events(service, "account.confirmation_refused")
    assert [event.details for event in noted] == [{"cause": "wrong password"}, {"cause": "wrong code"}]
    assert {(event.target, str(event.actor_id)) for event in noted} == {(app.person.id, app.person.id)}


async def test_a_password_without_its_code_is_audited(service: Service, app: App) -> None:
    """The audit says who has got as far as being asked for a code: that may be somebody who knows the password alone."""
    await try_code(service, app, "")
    (event,) = await events(service, "account.sign_in_refused")
    assert (event.target, event.details, event.address) == (app.person.id, {"cause": "no code"}, "203.0.113.1")
