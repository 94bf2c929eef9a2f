"""Bounds over days: how many wrong codes and passwords an account may be given, who hears of it, and how its owner gets in."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text, update

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import password_pb2, totp_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.guessing.long_run import CODES, PASSWORDS, LongRun, SpentForDays
from server.auth.models import Account, LongRunAttempts
from server.mail.models import Mail
from tests.auth.administering import ask
from tests.auth.authenticator import App, disable, enrol, set_up, wrong
from tests.auth.mailbox import newest, part, request_reset, settled, token
from tests.auth.stored import change, events, rows
from tests.refusals import refused
from tests.service import PASSWORD, Service

NEW = "copper-meadow-telescope"
DAY, MONTH = 20, 50


@pytest_asyncio.fixture
async def app(service: Service) -> App:
    return await set_up(service, await service.account())


async def sign_in(
    service: Service, app: App, code: str, *, password: str = PASSWORD, device_token: str = ""
) -> rpc.LoginResponse:
    """Signs in as if a quarter of an hour had passed: what is counted for minutes is forgotten."""
    await forget_minutes(service)
    request = rpc.LoginRequest(email=app.person.email, password=password, totp_code=code, device_token=device_token)
    answer: rpc.LoginResponse = await AuthServiceStub(service.channel).Login(request)
    return answer


async def forget_minutes(service: Service) -> None:
    async with service.owner.begin() as connection:
        await connection.execute(text("DELETE FROM sign_in_attempts"))
    if counters := await service.redis.keys("gazette:attempts:*"):
        await service.redis.delete(*counters)


async def guess(service: Service, app: App, count: int, **given: str) -> None:
    for _ in range(count):
        assert (await refused(sign_in(service, app, wrong(app), **given))).reason == "INVALID_CREDENTIALS"


async def set_counters(service: Service, app: App, counter: str, **values: object) -> None:
    """Changes those of the account's counters that begin so, of which there is one at least."""
    begins = (LongRunAttempts.account_id == uuid.UUID(app.person.id), LongRunAttempts.counter.startswith(counter))
    assert await rows(service, select(LongRunAttempts.counter).where(*begins))
    await change(service, update(LongRunAttempts).where(*begins).values(values))


async def use_up(service: Service, app: App, **given: str) -> None:
    """All that a day has, of which one in truth."""
    await guess(service, app, 1, **given)
    await set_counters(service, app, f"{CODES} day", count=DAY)


async def forget_code(service: Service, app: App) -> None:
    """Lets the code that the app shows now be used once more."""
    await change(service, update(Account).where(Account.id == uuid.UUID(app.person.id)).values(totp_last_step=0))


OVER = {"expire_time": func.now() - timedelta(seconds=1)}


def refusals_of(causes: list[dict[str, str]], cause: str) -> int:
    return len([each for each in causes if each == {"cause": cause}])


async def test_twenty_codes_in_a_day(service: Service, app: App) -> None:
    """Who knows the password has twenty; from then on the right code is refused too, in the same words, whatever Redis and the
    throttle have forgotten, and the owner is mailed, once (A10)."""
    await guess(service, app, DAY)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    await guess(service, app, 5)
    assert (await refused(sign_in(service, app, ""))).reason == "TOTP_REQUIRED"
    causes = [event.details for event in await events(service, "account.sign_in_refused")]
    assert (refusals_of(causes, "wrong code"), refusals_of(causes, "too many wrong codes")) == (DAY, 6)
    told = [mail for mail in await settled(service) if mail.kind == "wrong-guesses"]
    assert [mail.recipient for mail in told] == [app.person.email]
    text = " ".join(part(await newest(service, app.person.email, count=2), "plain").split())
    assert "wrong codes for your account" in text
    assert "ask for a new one on the sign-in page" in text
    (event,) = await events(service, "account.sign_in_throttled")
    assert (event.target, event.details) == (app.person.id, {"budget": "codes over days"})


async def test_fifty_codes_in_a_month(service: Service, app: App) -> None:
    """Days that pass bring twenty again, up to fifty in thirty days (A10)."""
    await use_up(service, app)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    await set_counters(service, app, f"{CODES} day", **OVER)
    await guess(service, app, 1)
    await set_counters(service, app, f"{CODES} month", count=MONTH - 1)
    await guess(service, app, 1)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    await set_counters(service, app, f"{CODES} month", **OVER)
    await sign_in(service, app, app.code())


async def test_all_at_once(service: Service, app: App) -> None:
    """Of a hundred attempts at once as many are let through as the day has left."""
    account = (await rows(service, select(Account.__table__).where(Account.id == uuid.UUID(app.person.id))))[0]
    long_run, made = LongRun(service.app.database), []

    async def attempt() -> None:
        try:
            async with long_run.attempt(account, CODES):
                made.append(1)
                raise ValueError
        except (ValueError, SpentForDays):
            pass

    places = asyncio.Semaphore(4)

    async def one() -> None:
        async with places:
            await attempt()

    await asyncio.gather(*(one() for _ in range(100)))
    assert len(made) == DAY


async def test_who_mistypes_is_let_in(service: Service, app: App) -> None:
    """A few wrong codes before each right one, on a device that has signed in before, never add up (A10)."""
    device_token = (await sign_in(service, app, app.code())).device_token
    for _ in range(3):
        await guess(service, app, 2, device_token=device_token)
        await set_counters(service, app, CODES, count=DAY - 1)
        await forget_code(service, app)
        device_token = (await sign_in(service, app, app.code(), device_token=device_token)).device_token
    assert not [mail for mail in await settled(service) if mail.kind == "wrong-guesses"]


async def test_a_device_that_gave_a_code_has_its_own(service: Service, app: App) -> None:
    """What strangers who know the password use up is not what the owner's device has; nor the other way round (A10)."""
    device_token = (await sign_in(service, app, app.code())).device_token
    await use_up(service, app)
    await forget_code(service, app)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    await sign_in(service, app, app.code(), device_token=device_token)
    await set_counters(service, app, f"{CODES} day", **OVER)
    await use_up(service, app, device_token=device_token)
    await forget_code(service, app)
    assert (await refused(sign_in(service, app, app.code(), device_token=device_token))).reason == "INVALID_CREDENTIALS"


async def test_a_device_without_a_code_is_a_stranger(service: Service) -> None:
    """Tokens that were gathered before there was an app bring no codes to try (A10)."""
    person = await service.account()
    request = rpc.LoginRequest(email=person.email, password=PASSWORD)
    tokens = [(await AuthServiceStub(service.channel).Login(request)).device_token for _ in range(3)]
    app = await set_up(service, person)
    for device_token in tokens:
        await guess(service, app, 1, device_token=device_token)
    counters = select(LongRunAttempts.counter).where(LongRunAttempts.counter.startswith(CODES))
    assert len(await rows(service, counters)) == 3  # as with no token: a day, a month, a month with all passwords
    await use_up(service, app, device_token=tokens[0])
    for device_token in tokens:
        assert (await refused(sign_in(service, app, app.code(), device_token=device_token))).reason == "INVALID_CREDENTIALS"


async def reset(service: Service, app: App, password: str, *, count: int) -> str:
    await request_reset(service, app.person.email)
    link = token(await newest(service, app.person.email, count=count))
    request = password_pb2.ResetPasswordRequest(token=link, new_password=password)
    return (await AuthServiceStub(service.channel).ResetPassword(request)).device_token


async def test_another_password_begins_anew(service: Service, app: App) -> None:
    """Whoever used up the codes does not know the new password; the owner signs in at once (A10)."""
    await use_up(service, app)
    await guess(service, app, 1)
    await settled(service)
    device_token = await reset(service, app, NEW, count=3)
    answer = await sign_in(service, app, app.code(), password=NEW, device_token=device_token)
    assert answer.account.id == app.person.id


async def test_a_mailbox_does_not_bring_codes_without_end(service: Service, app: App) -> None:
    """Who reads the account's mail, and has no app, sets password after password: a hundred codes in thirty days are all."""
    account_id = uuid.UUID(app.person.id)
    anew = update(Account).where(Account.id == account_id).values(password_generation=Account.password_generation + 1)
    for _ in range(2):
        await use_up(service, app)
        assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
        await change(service, anew)
    ((total,),) = await rows(service, select(LongRunAttempts.count).where(LongRunAttempts.counter == f"{CODES} month"))
    assert total == 2
    await set_counters(service, app, f"{CODES} month", count=100)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    await change(service, anew)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"


async def test_a_recovery_code_is_always_looked_at(service: Service, app: App) -> None:
    """Nobody guesses one; wrong ones count as other codes do, and a right one signs in when no others are looked at (A10)."""
    for _ in range(2):
        await refused(sign_in(service, app, "abcd-efgh-ijkl-mnop"))
    ((count,),) = await rows(service, select(LongRunAttempts.count).where(LongRunAttempts.counter.startswith(f"{CODES} day")))
    assert count == 2
    await set_counters(service, app, f"{CODES} day", count=DAY)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    assert (await refused(sign_in(service, app, "abcd-efgh-ijkl-mnop"))).reason == "INVALID_CREDENTIALS"
    assert (await sign_in(service, app, app.recovery_codes[0])).account.id == app.person.id


async def test_an_admin_opens_it_again(service: Service, app: App) -> None:
    """Who takes the app away takes with it what was counted: the person signs in and sets up another."""
    await use_up(service, app)
    assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"
    admin = await service.account(role=Role.ROLE_ADMIN)
    await ask(service, admin, "DisableAccountTotp", id=app.person.id)
    person = await service.sign_in(app.person.email)
    again = await set_up(service, person)
    assert (await sign_in(service, again, again.code())).account.id == app.person.id


@pytest.mark.parametrize("what", ["disable", "confirm"])
async def test_codes_of_who_is_signed_in_count_too(service: Service, what: str) -> None:
    """Somebody with a stolen access token has no more than twenty in a day either, at whatever takes one (A10)."""
    person = await service.account()
    app = App(person, (await enrol(service, person)).secret, ()) if what == "confirm" else await set_up(service, person)

    async def give(code: str) -> None:
        await forget_minutes(service)
        if what == "disable":
            await disable(service, person, code)
        else:
            await AuthServiceStub(service.channel).ConfirmTotp(totp_pb2.ConfirmTotpRequest(code=code), metadata=person.metadata)

    assert (await refused(give(wrong(app)))).reason == "WRONG_CODE"
    await set_counters(service, app, f"{CODES} day", count=DAY - 1)
    assert (await refused(give(wrong(app)))).reason == "WRONG_CODE"
    refusal = await refused(give(app.code()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_SIGN_INS")
    if what == "disable":
        assert (await refused(sign_in(service, app, app.code()))).reason == "INVALID_CREDENTIALS"


async def test_passwords_of_who_is_signed_in_have_a_bound(service: Service) -> None:
    """Somebody with a stolen access token has twenty passwords in a day; the owner is mailed, signs in as ever, and another
    password, set by mail, ends it (A10)."""
    person = await service.account()

    async def give(password: str) -> None:
        await forget_minutes(service)
        request = password_pb2.ChangePasswordRequest(password=password, new_password=NEW)
        await AuthServiceStub(service.channel).ChangePassword(request, metadata=person.metadata)

    assert (await refused(give("not-the-password"))).reason == "WRONG_PASSWORD"
    await set_counters(service, App(person, "", ()), f"{PASSWORDS} day", count=DAY - 1)
    assert (await refused(give("not-the-password"))).reason == "WRONG_PASSWORD"
    assert (await refused(give(PASSWORD))).reason == "TOO_MANY_SIGN_INS"
    assert (await service.sign_in(person.email)).id == person.id
    kinds = [mail.kind for mail in await settled(service)]
    assert kinds == ["wrong-guesses"]
    assert "given wrong passwords" in " ".join(part(await newest(service, person.email), "plain").split())


async def test_what_is_counted_outlives_a_crash(service: Service) -> None:
    """The table is logged, unlike the throttle's, and is erased with the account."""
    ((persistence,),) = await rows(service, text("SELECT relpersistence FROM pg_class WHERE relname = 'long_run_attempts'"))
    assert persistence in {"p", b"p"}


async def test_nothing_is_left_of_who_is_erased(service: Service, app: App) -> None:
    """Counters and mails go with the account."""
    await guess(service, app, 2)
    await ask(service, await service.account(role=Role.ROLE_ADMIN), "EraseAccount", id=app.person.id)
    assert await rows(service, select(LongRunAttempts.__table__)) == []
    assert not [mail for mail in await rows(service, select(Mail.__table__)) if mail.recipient == app.person.email]
