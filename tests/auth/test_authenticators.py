"""EnrolTotp, ConfirmTotp, DisableTotp, and sign-in with an authenticator app."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import grpc
import pyotp
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import totp_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from server.auth.models import Account, RecoveryCode
from server.auth.totp.codes import Totp
from server.stores.sealing import CannotOpen
from tests.auth.asking import get_me
from tests.auth.authenticator import App, disable, enrol, set_up, sign_in
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Service, running


@pytest_asyncio.fixture
async def app(service: Service) -> App:
    return await set_up(service, await service.account())


async def test_enrolling_gives_what_an_app_needs(service: Service) -> None:
    """The answer has the secret, and a URI that names issuer and account; nothing is asked for at sign-in yet."""
    person = await service.account()
    answer = await enrol(service, person)
    uri = urlsplit(answer.uri)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/Gazette:{person.email.replace('@', '%40')}")
    assert parse_qs(uri.query) == {"secret": [answer.secret], "issuer": ["Gazette"]}
    assert len(base64.b32decode(answer.secret)) == 20
    assert (await sign_in(service, person)).access_token


async def test_a_confirmed_app_is_asked_for(service: Service, app: App) -> None:
    """From its first code on, a right password alone does not sign in, and the app's next code does."""
    refusal = await refused(sign_in(service, app.person))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOTP_REQUIRED")
    answer = await sign_in(service, app.person, app.code())
    assert answer.account.HasField("totp_confirm_time")
    assert not answer.totp_enrolment_required


async def test_a_wrong_password_asks_for_no_code(service: Service, app: App) -> None:
    """Who does not know the password is not told that there is an app, whatever the code."""
    request = rpc.LoginRequest(email=app.person.email, password="not-the-password", totp_code=app.code())
    assert (await refused(AuthServiceStub(service.channel).Login(request))).reason == "INVALID_CREDENTIALS"


async def test_a_code_is_used_once(service: Service, app: App) -> None:
    """Somebody who saw a code being typed cannot use it again, nor an earlier one; of ten at once one signs in."""
    code = app.code()
    answers = await asyncio.gather(*(sign_in(service, app.person, code) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, rpc.LoginResponse) for each in answers) == 1
    assert (await refused(sign_in(service, app.person, app.code(later=-1)))).reason == "INVALID_CREDENTIALS"
    assert (await sign_in(service, app.person, app.code(later=1))).access_token


@pytest.mark.parametrize("code", ["000000", "12345", "1234567", "abcdef", "２８７０８２", "a-b-c"])
async def test_a_wrong_code_signs_nobody_in(service: Service, app: App, code: str) -> None:
    """A wrong code is answered as a wrong password is."""
    if code == app.code():
        pytest.skip("one time in a million")
    assert (await refused(sign_in(service, app.person, code))).reason == "INVALID_CREDENTIALS"


async def test_a_recovery_code_stands_in_once(service: Service, app: App) -> None:
    """Each of the ten codes signs in once, however it is typed, and the audit knows."""
    assert len(set(app.recovery_codes)) == 10
    first, second = app.recovery_codes[:2]
    assert (await sign_in(service, app.person, first)).access_token
    assert (await refused(sign_in(service, app.person, first))).reason == "INVALID_CREDENTIALS"
    assert (await sign_in(service, app.person, second.upper().replace("-", " "))).access_token
    used = await events(service, "account.recovery_code_use")
    assert [event.target for event in used] == [app.person.id] * 2


async def test_recovery_codes_are_their_account_s(service: Service, app: App) -> None:
    """Nobody signs in with somebody else's recovery code."""
    other = await set_up(service, await service.account())
    assert (await refused(sign_in(service, other.person, app.recovery_codes[0]))).reason == "INVALID_CREDENTIALS"


async def test_nothing_at_rest_can_be_used(service: Service, app: App) -> None:
    """The database holds neither the secret nor a recovery code, and an account's secret does not open for another."""
    ((sealed,),) = await rows(service, select(Account.totp_secret))
    stored = await rows(service, select(RecoveryCode.digest))
    assert app.secret.encode() not in sealed
    assert not {code.encode() for code in app.recovery_codes} & {bytes(digest) for (digest,) in stored}
    thief = await service.account()
    now = datetime.now(UTC)
    await change(service, update(Account).where(Account.id == thief.id).values(totp_secret=sealed, totp_confirm_time=now))
    assert (await refused(sign_in(service, thief, app.code(later=1)))).code is grpc.StatusCode.INTERNAL


async def test_the_secrets_outlive_their_key(service: Service) -> None:
    """With the former key as ENCRYPTION_PREVIOUS_KEY apps and recovery codes go on working; without it they do not."""
    app = await set_up(service, await service.account())
    former, new = service.settings.encryption_key, "another key of the tests, the next"
    (account,) = await rows(service, select(Account.__table__))
    async with service.database.transaction() as connection:
        rotated, replaced = Totp.from_secrets(new, former), Totp.from_secrets(new)
        assert await rotated.check(connection, account, app.code()) == "app"
        renewed = (await connection.execute(select(Account.totp_secret).where(Account.id == account.id))).scalar_one()
        assert renewed is not None
        assert replaced.sealer.open(renewed, account.id.bytes).decode() == app.secret
        assert await rotated.check(connection, account, app.recovery_codes[0]) == "recovery"
        with pytest.raises(CannotOpen):
            await replaced.check(connection, account, app.code(later=1))
        assert not await replaced.check(connection, account, app.recovery_codes[1])


async def test_a_second_enrolment_replaces_the_first(service: Service) -> None:
    """An app that was never confirmed is forgotten when another is enrolled."""
    person = await service.account()
    earlier, newer = await enrol(service, person), await enrol(service, person)
    auth = AuthServiceStub(service.channel)
    code = pyotp.TOTP(earlier.secret).now()
    refusal = await refused(auth.ConfirmTotp(totp_pb2.ConfirmTotpRequest(code=code), metadata=person.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WRONG_CODE")
    assert list(refusal.fields) == ["code"]
    code = pyotp.TOTP(newer.secret).now()
    answer = await auth.ConfirmTotp(totp_pb2.ConfirmTotpRequest(code=code), metadata=person.metadata)
    assert len(answer.recovery_codes) == 10


async def test_a_confirmed_app_is_not_replaced(service: Service, app: App) -> None:
    """Who has an app disables it before another is set up, and confirms nothing twice."""
    assert (await refused(enrol(service, app.person))).reason == "TOTP_ENABLED"
    confirm = AuthServiceStub(service.channel).ConfirmTotp(
        totp_pb2.ConfirmTotpRequest(code=app.code()), metadata=app.person.metadata
    )
    assert (await refused(confirm)).reason == "TOTP_NOT_ENROLLED"


async def test_enrolling_needs_the_password(service: Service) -> None:
    """A stolen access token does not set up an app."""
    person = await service.account()
    request = totp_pb2.EnrolTotpRequest(password="not-the-password")
    refusal = await refused(AuthServiceStub(service.channel).EnrolTotp(request, metadata=person.metadata))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "WRONG_PASSWORD")
    assert list(refusal.fields) == ["password"]


async def test_disabling_needs_password_and_code(service: Service, app: App) -> None:
    """Neither a stolen token nor a stolen password takes the app away; both together with a code do."""
    assert (await refused(disable(service, app.person, app.code(), "not-the-password"))).reason == "WRONG_PASSWORD"
    assert (await refused(disable(service, app.person, "000000"))).reason == "WRONG_CODE"
    await disable(service, app.person, app.code())
    assert (await sign_in(service, app.person)).access_token
    assert not await rows(service, select(RecoveryCode.digest))
    assert (await refused(disable(service, app.person, app.code(later=1)))).reason == "TOTP_NOT_ENROLLED"


async def test_a_recovery_code_disables_too(service: Service, app: App) -> None:
    """Who lost the app gets rid of it with a recovery code."""
    await disable(service, app.person, app.recovery_codes[3])
    assert (await sign_in(service, app.person)).access_token


async def test_each_step_is_audited(service: Service, app: App) -> None:
    """The audit has enrolment, confirmation and the end, without a secret."""
    await disable(service, app.person, app.code())
    for action in ("account.totp_enrol", "account.totp_confirm", "account.totp_disable"):
        (event,) = await events(service, action)
        assert (event.target, str(event.actor_id), event.details) == (app.person.id, app.person.id, {})


@pytest_asyncio.fixture
async def strict(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server where publishers, and who can do more, must have an app."""
    async with running(servers, template, tmp_path, TOTP_REQUIRED_ROLES="publisher") as started:
        yield started


async def may_list_documents(service: Service, access_token: str) -> bool:
    metadata = (("authorization", f"Bearer {access_token}"),)
    call = ContentServiceStub(service.channel).ListDocuments(ListDocumentsRequest(), metadata=metadata)
    code = await call.code()
    assert code in {grpc.StatusCode.OK, grpc.StatusCode.PERMISSION_DENIED}
    return code is grpc.StatusCode.OK


@pytest.mark.parametrize("role", [Role.ROLE_PUBLISHER, Role.ROLE_ADMIN])
async def test_a_role_that_must_have_an_app_does_nothing_without(strict: Service, role: Role.ValueType) -> None:
    """Until the app is confirmed sign-in and refresh give tokens without grants; the refresh after it has them, in the session
    that confirmed it."""
    person = await strict.account(role=role)
    auth = AuthServiceStub(strict.channel)
    answer = await sign_in(strict, person)
    assert answer.totp_enrolment_required
    assert not await may_list_documents(strict, answer.access_token)
    refreshed = await auth.RefreshToken(rpc.RefreshTokenRequest(refresh_token=answer.refresh_token))
    assert not await may_list_documents(strict, refreshed.access_token)

    app = await set_up(strict, replace(person, access_token=refreshed.access_token))
    refreshed = await auth.RefreshToken(rpc.RefreshTokenRequest(refresh_token=refreshed.refresh_token))
    assert await may_list_documents(strict, refreshed.access_token)
    signed_in = await sign_in(strict, person, app.code())
    assert not signed_in.totp_enrolment_required
    assert await may_list_documents(strict, signed_in.access_token)
    refusal = await refused(disable(strict, replace(person, access_token=signed_in.access_token), app.code(later=1)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOTP_IS_REQUIRED")


async def test_who_signed_in_without_the_app_gains_nothing_by_it(strict: Service) -> None:
    """Whoever knew the password before there was an app has no session any more: its refresh would bring the grants."""
    account = await strict.account(role=Role.ROLE_ADMIN)
    person = await strict.sign_in(account.email)
    stranger = await sign_in(strict, person)
    await set_up(strict, person)
    again = rpc.RefreshTokenRequest(refresh_token=stranger.refresh_token)
    assert (await refused(AuthServiceStub(strict.channel).RefreshToken(again))).reason == "INVALID_REFRESH_TOKEN"
    assert (await refused(get_me(strict.channel, stranger.access_token))).reason == "INVALID_ACCESS_TOKEN"
    await get_me(strict.channel, person.access_token)


async def test_a_lesser_role_needs_no_app(strict: Service) -> None:
    """Editors sign in as ever where only publishers must have an app."""
    answer = await sign_in(strict, await strict.account(role=Role.ROLE_EDITOR))
    assert not answer.totp_enrolment_required
    assert await may_list_documents(strict, answer.access_token)


async def test_a_code_from_long_ago_is_wrong(service: Service, app: App) -> None:
    """A code that was noted an hour before does not sign in."""
    old = pyotp.TOTP(app.secret).at(datetime.now(UTC) - timedelta(hours=1))
    assert (await refused(sign_in(service, app.person, old))).reason == "INVALID_CREDENTIALS"
