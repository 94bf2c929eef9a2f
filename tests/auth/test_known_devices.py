"""What makes a device or an address known, and what ends it: a password that was set anew, by whatever way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from gazette.auth.v1 import password_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.passwords.hashing import Passwords
from tests.auth.administering import invite
from tests.auth.guessing import counted, guess, login
from tests.auth.mailbox import newest, request_reset, token
from tests.refusals import refused
from tests.service import PASSWORD, Person, Service

NEW = "copper-meadow-telescope"
Setting = Callable[[Service, Person], Awaitable[str]]
"""A way to set another password, which answers a device's token."""
HOME, THIEF = "198.51.100.7", "198.51.100.8"


def stranger(number: int) -> str:
    return f"203.0.113.{number}"


async def link(service: Service, email: str) -> str:
    await request_reset(service, email)
    return token(await newest(service, email))


async def reset(service: Service, person: Person) -> str:
    """Sets another password by mail. The device's token."""
    request = password_pb2.ResetPasswordRequest(token=await link(service, person.email), new_password=NEW)
    return (await AuthServiceStub(service.channel).ResetPassword(request)).device_token


async def change(service: Service, person: Person) -> str:
    """Sets another password in a session. The device's token."""
    request = password_pb2.ChangePasswordRequest(password=PASSWORD, new_password=NEW)
    return (await AuthServiceStub(service.channel).ChangePassword(request, metadata=person.metadata)).device_token


async def guess_from_everywhere(service: Service, email: str) -> None:
    """Strangers use up what they have."""
    for number in range(6):
        await guess(service, email, address=stranger(number))
    assert (await refused(login(service, email, address=stranger(9), password=NEW))).reason == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("how", [reset, change])
async def test_another_password_ends_known_devices(service: Service, how: Setting) -> None:
    """Tokens from before are as good as none: through four of them nobody guesses more often than strangers do, and the owner
    signs in on the device where the password was set, and on those that signed in since (A3, A10)."""
    person = await service.account()
    old = [(await login(service, person.email, address=THIEF)).device_token for _ in range(4)]
    new = await how(service, person)
    since = (await login(service, person.email, address=HOME, password=NEW, device_token=new)).device_token
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(40):
            await guess(service, person.email, address=stranger(number), device_token=old[number % 4])
    assert len(hashes) == 5
    for device_token in (new, since):
        await login(service, person.email, address=stranger(99), password=NEW, device_token=device_token)


@pytest.mark.parametrize("how", [reset, change])
async def test_another_password_ends_known_addresses(service: Service, how: Setting) -> None:
    """From where somebody signed in who knew the password before, nobody guesses more often than strangers do."""
    person = await service.account()
    for number in range(20, 30):
        await login(service, person.email, address=stranger(number))
    await how(service, person)
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(20, 30):
            await guess(service, person.email, address=stranger(number))
    assert len(hashes) == 5


async def test_who_resets_signs_in_whatever_strangers_guess(service: Service) -> None:
    """With the token that resetting answered, while strangers have used up all attempts at the account (A10)."""
    person = await service.account()
    device_token = await reset(service, person)
    await guess_from_everywhere(service, person.email)
    answer = await login(service, person.email, address=stranger(9), password=NEW, device_token=device_token)
    assert answer.account.id == person.id


async def test_a_newcomer_signs_in_whatever_strangers_guess(service: Service, email: str) -> None:
    """With the token that accepting answered, though the address was guessed at before and after (A10)."""
    await invite(service, await service.account(role=Role.ROLE_ADMIN), email)
    invitation = token(await newest(service, email))
    for number in range(6):
        await guess(service, email, address=stranger(number))
    request = password_pb2.AcceptInvitationRequest(token=invitation, password=NEW)
    accepted = await AuthServiceStub(service.channel).AcceptInvitation(request)
    await guess_from_everywhere(service, email)
    answer = await login(service, email, address=stranger(9), password=NEW, device_token=accepted.device_token)
    assert answer.account.id == accepted.account.id
    await login(service, email, address=stranger(10), password=NEW, device_token=answer.device_token)


async def test_a_token_of_the_mailbox_is_one_device(service: Service) -> None:
    """It buys no more attempts than another device has, and is no credential."""
    person = await service.account()
    device_token = await reset(service, person)
    with counted(service.app.means(Passwords)) as hashes:
        for number in range(15):
            await guess(service, person.email, address=stranger(number), device_token=device_token)
    assert len(hashes) == 10
