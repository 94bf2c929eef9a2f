"""What people paste: codes, addresses, links' tokens and keys are taken with white space in and around them (C11)."""

from __future__ import annotations

import grpc
import httpx
import pytest

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import auth_service_pb2, password_pb2, profile_pb2, service_account_pb2, totp_pb2
from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.account_service_pb2 import ListAccountsRequest
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette_client import AsyncClient
from tests.auth.administering import invite
from tests.auth.authenticator import App, disable, enrol, set_up, sign_in
from tests.auth.mailbox import newest, token
from tests.command_line import run
from tests.edge import PASSWORD as DEMO_PASSWORD
from tests.edge import Edge
from tests.refusals import refused
from tests.service import PASSWORD, Service

AROUND = ("{} ", "\u00a0{}\r\n", "\u200b{}\ufeff")
AROUND_ADDRESSES = (*AROUND, "\u200e{}", "\u202a {}\u202c", "\u2068{}\u2069")


@pytest.mark.parametrize("typed", ["{0} {1}\n", "\u200b{0}-{1}"])
async def test_a_code_of_the_app(service: Service, typed: str) -> None:
    """However the six digits were typed, they confirm the app, sign in and take it away again."""
    app = await set_up(service, await service.account())
    code = app.code()
    assert (await sign_in(service, app.person, typed.format(code[:3], code[3:]))).access_token
    later = app.code(later=1)
    await disable(service, app.person, typed.format(later[:3], later[3:]))


async def test_a_code_confirms_an_app(service: Service) -> None:
    """A space in the first code keeps nobody from setting an app up; what is no code is refused as before."""
    person = await service.account()
    secret = (await enrol(service, person)).secret
    auth = AuthServiceStub(service.channel)
    for wrong in ("12 345", "1234567", "12345x", ""):
        refusal = await refused(auth.ConfirmTotp(totp_pb2.ConfirmTotpRequest(code=wrong), metadata=person.metadata))
        assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["code"])
    code = App(person, secret, ()).code()
    request = totp_pb2.ConfirmTotpRequest(code=f" {code[:3]} {code[3:]}\n")
    assert len((await auth.ConfirmTotp(request, metadata=person.metadata)).recovery_codes) == 10


async def test_a_recovery_code(service: Service) -> None:
    """A recovery code may have been printed in capitals, with spaces for hyphens, and is used once all the same."""
    app = await set_up(service, await service.account())
    typed = f" {app.recovery_codes[0].upper().replace('-', ' ')}\n"
    assert (await sign_in(service, app.person, typed)).access_token
    assert (await refused(sign_in(service, app.person, app.recovery_codes[0]))).reason == "INVALID_CREDENTIALS"


async def test_an_address(service: Service) -> None:
    """White space around an address is none of it: at sign-in, for a reset, in an invitation, for a change, in a search."""
    admin, person = await service.account(role=Role.ROLE_ADMIN), await service.account()
    for around in AROUND_ADDRESSES:
        assert (await service.sign_in(around.format(person.email))).id == person.id
    reset = password_pb2.RequestPasswordResetRequest(email=f" {person.email}\n")
    await AuthServiceStub(service.channel).RequestPasswordReset(reset)
    assert token(await newest(service, person.email))
    local = service.unique("ada")
    invited = await invite(service, admin, f"\u00a0{local}@example.gov ")
    assert invited.email == f"{local}@example.gov"
    accounts = AccountServiceStub(service.channel)
    found = await accounts.ListAccounts(ListAccountsRequest(query=f" {invited.email} "), metadata=admin.metadata)
    assert [each.id for each in found.accounts] == [invited.id]
    change = profile_pb2.ChangeEmailRequest(email=f" {local}-new@example.gov\t", password=PASSWORD)
    await AuthServiceStub(service.channel).ChangeEmail(change, metadata=person.metadata)
    assert token(await newest(service, f"{local}-new@example.gov"))


async def test_a_password_is_left_alone(service: Service) -> None:
    """White space around a password is part of it."""
    person = await service.account()
    assert (await refused(service.sign_in(person.email, f"{PASSWORD} "))).reason == "INVALID_CREDENTIALS"


async def test_a_link_s_token(service: Service) -> None:
    """A token that was copied from a mail with the end of its line holds, and names are brought into their form."""
    admin, email = await service.account(role=Role.ROLE_ADMIN), f"{service.unique('ada')}@example.gov"
    await invite(service, admin, email)
    request = password_pb2.AcceptInvitationRequest(
        token=f" {token(await newest(service, email))}\r\n", password=PASSWORD, name=" Rene\u0301e عل\u200cی "
    )
    accepted = await AuthServiceStub(service.channel).AcceptInvitation(request)
    assert accepted.account.name == "Renée عل\u200cی"


async def test_names(service: Service) -> None:
    """A name that shows nothing, or shows something else than it is, is refused with its field; Persian and emoji are names."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    accounts = AccountServiceStub(service.channel)

    async def create(name: str) -> Account:
        request = service_account_pb2.CreateServiceAccountRequest(account=Account(name=name), role=Role.ROLE_READER)
        return (await accounts.CreateServiceAccount(request, metadata=admin.metadata)).account

    for name in ("\u3164", "\u200b \u2060", "a\u202eb", "a\nb", "a\x07"):
        assert [*(await refused(create(name))).fields] == ["account.name"]
    for name in ("علی\u200cرضا", "👩\u200d👩\u200d👧 crawler", "Ŵyn"):
        assert (await create(name)).name == name
    result = await run(service, "keys", "create-account", "--name", " Cafe\u0301 ", "--role", "reader", "--all-organisations")
    assert "Café is reader" in result.stdout
    result = await run(service, "keys", "create-account", "--name", "a\u202eb", "--role", "reader", "--all-organisations")
    assert result.exit_code == 2
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in result.output


async def test_an_api_key(service: Service) -> None:
    """A key from a file has a line feed behind it; in the client, that is none of it. A header is taken as it is."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    accounts = AccountServiceStub(service.channel)
    wanted = service_account_pb2.CreateServiceAccountRequest(account=Account(name="crawler"), role=Role.ROLE_READER)
    made = (await accounts.CreateServiceAccount(wanted, metadata=admin.metadata)).account
    request = service_account_pb2.CreateApiKeyRequest(
        account_id=made.id, name=" nightly\u200b", scopes=[Permission.PERMISSION_DOCUMENTS_READ]
    )
    answer = await accounts.CreateApiKey(request, metadata=admin.metadata)
    assert answer.api_key.name == "nightly"
    metadata = (("authorization", f"Bearer {answer.key}"),)
    me = await AuthServiceStub(service.channel).GetMe(auth_service_pb2.GetMeRequest(), metadata=metadata)
    assert me.account.id == made.id
    async with AsyncClient(service.address, api_key=f" {answer.key}\n") as client:
        assert (await client.auth.GetMe(auth_service_pb2.GetMeRequest())).account.id == made.id


def test_over_http(edge: Edge) -> None:
    """An address with a space behind it signs in over HTTP, and a refresh token with one around it is taken."""
    with httpx.Client(base_url=edge.http) as client:
        answer = client.post("/v1/auth/login", json={"email": " author@example.gov ", "password": DEMO_PASSWORD})
        tokens = answer.raise_for_status().json()
        refreshed = client.post("/v1/auth/refresh", json={"refreshToken": f" {tokens['refreshToken']}\n"})
        access = refreshed.raise_for_status().json()["accessToken"]
        me = client.get("/v1/auth/me", headers={"authorization": f"Bearer {access}"})
        assert me.raise_for_status().json()["account"]["email"] == "author@example.gov"
