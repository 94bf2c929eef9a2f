"""Addresses: one mailbox is one account, whose mails go to its domain and to no other."""

from __future__ import annotations

import itertools

import grpc
import pytest
from sqlalchemy import func, select

from gazette.auth.v1 import password_pb2, profile_pb2
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.accounts import addresses
from server.auth.models import Account
from server.mail.models import Mail
from tests.auth.administering import invite
from tests.auth.mailbox import newest, settled, token
from tests.auth.stored import rows
from tests.command_line import run
from tests.refusals import refused
from tests.service import PASSWORD, Service

DOMAINS = {
    "straße-amt.example": "xn--strae-amt-j1a.example",
    "STRASSE-AMT.Example": "strasse-amt.example",
    "bücher.example": "xn--bcher-kva.example",
    "BÜCHER.example": "xn--bcher-kva.example",
    "bu\u0308cher.example": "xn--bcher-kva.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "exämple.gov": "xn--exmple-cua.gov",
    "llywodraeth.cymru": "llywodraeth.cymru",
    "例え.テスト": "xn--r8jz45g.xn--zckzah",
    "بازار.example": "xn--mgbab2bd.example",
}
INVISIBLE = "\ufe0f\u034f\u200b\u200c\u200d\u2060\u00ad\u202e\u2066\u180b\u3164\u115f\U000e0041\U000e0101\ufeff"
NO_ADDRESSES = [
    "b@exa_mple.gov",
    "<a@b>",
    "<a@b.gov>",
    "Ada <ada@b.gov>",
    '"a b"@example.gov',
    "a(comment)@example.gov",
    "a..b@example.gov",
    ".a@example.gov",
    "a.@example.gov",
    "a,b@example.gov",
    "a@localhost",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@[IPv6:::1]",
    "a@example.gov.",
    "a@example..gov",
    "a@-example.gov",
    "a@ab--cd.example",
    "a@xn--a.example",
    "a@☃.example",
    f"a@{'x' * 64}.gov",
    f"{'x' * 65}@example.gov",
    f"a@{'.'.join(['x' * 60] * 5)}.gov",
    "a@example\u3002gov",
    "a@\uff45xample.gov",
]


@pytest.mark.parametrize(("domain", "name"), DOMAINS.items())
async def test_a_mail_goes_to_the_domain_that_was_named(service: Service, domain: str, name: str) -> None:
    """An invitation goes where IDNA 2008 leads, and the account is found however its domain is written (A9)."""
    local = service.unique("ada")
    admin = await service.account(role=Role.ROLE_ADMIN)
    account = await invite(service, admin, f"{local}@{domain}")
    assert account.email == f"{local}@{name}"
    link = token(await newest(service, f"{local}@{name}"))
    request = password_pb2.AcceptInvitationRequest(token=link, password=PASSWORD)
    await AuthServiceStub(service.channel).AcceptInvitation(request)
    for written in (domain, name, domain.upper() if "ß" not in domain else domain):
        assert (await service.sign_in(f"{local}@{written}")).id == account.id
    reset = password_pb2.RequestPasswordResetRequest(email=f"{local}@{domain}")
    await AuthServiceStub(service.channel).RequestPasswordReset(reset)
    await settled(service)
    sent = await rows(service, select(Mail.recipient).where(Mail.kind == "password-reset"))
    assert [row.recipient for row in sent] == [f"{local}@{name}"]


@pytest.mark.parametrize(
    "pair", list(itertools.combinations(["bücher.example", "bu\u0308cher.example", "xn--bcher-kva.example"], 2))
)
async def test_one_mailbox_is_one_account(service: Service, pair: tuple[str, str]) -> None:
    """Whoever has an account is invited no second time by another spelling, and nobody changes to it (A9)."""
    local = service.unique("ada")
    admin, other = await service.account(role=Role.ROLE_ADMIN), await service.account()
    first = await invite(service, admin, f"{local}@{pair[0]}")
    again = await invite(service, admin, f"{local.upper()}@{pair[1]}")
    assert again.id == first.id
    change = profile_pb2.ChangeEmailRequest(email=f"{local}@{pair[1]}", password=PASSWORD)
    await AuthServiceStub(service.channel).ChangeEmail(change, metadata=other.metadata)
    await settled(service)
    assert not await rows(service, select(Mail.id).where(Mail.kind == "email-change"))


@pytest.mark.parametrize(
    "email",
    [*NO_ADDRESSES, *(f"ad{each}a@example.gov" for each in INVISIBLE), *(f"ada@exam{each}ple.gov" for each in INVISIBLE)],
)
async def test_nobody_is_invited_where_no_mail_can_go(service: Service, email: str) -> None:
    """Who invites is told at once, and so is who changes an address; nothing is stored (A9)."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    before = await rows(service, select(func.count()).select_from(Account))
    refusal = await refused(invite(service, admin, email))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["account.email"]
    change = profile_pb2.ChangeEmailRequest(email=email, password=PASSWORD)
    refusal = await refused(AuthServiceStub(service.channel).ChangeEmail(change, metadata=admin.metadata))
    assert list(refusal.fields) == ["email"]
    assert await rows(service, select(func.count()).select_from(Account)) == before


async def test_an_address_is_composed(service: Service) -> None:
    """What a keyboard composed otherwise is the same address, and is stored in NFC (A9, C11)."""
    admin, local = await service.account(role=Role.ROLE_ADMIN), service.unique("ada")
    invited = await invite(service, admin, f"{local}e\u0301@example.gov")
    assert invited.email == f"{local}é@example.gov"
    assert (await invite(service, admin, invited.email)).id == invited.id


async def test_wrong_guesses_count_for_the_mailbox(service: Service) -> None:
    """However an address is written, its account has one budget."""
    local = service.unique("ada")
    await service.account(f"{local}@xn--bcher-kva.example")
    for spelling in ("bücher.example", "bu\u0308cher.example", "BÜCHER.example", "xn--bcher-kva.example", "Bücher.Example"):
        assert (await refused(service.sign_in(f"{local}@{spelling}", "not-the-password"))).reason == "INVALID_CREDENTIALS"
    counted = await rows(service, select(func.count()).select_from(Account).where(Account.email.contains(local)))
    assert counted[0][0] == 1


async def test_what_was_stored_before_is_found_and_listed(service: Service) -> None:
    """An address that nobody would be invited with any more signs in, and `gazette accounts unreachable` names it."""
    email = f"{service.unique('old')}@exa_mple.gov"
    person = await service.account(email)
    assert (await service.sign_in(email.upper())).id == person.id
    result = await run(service, "accounts", "unreachable")
    assert person.id in result.stdout


@pytest.mark.parametrize(
    "email", ["o'brien+gov@example.gov", "ada.byron@sub.example.gov", "ädä@example.gov", "ada_b@example.gov"]
)
def test_honest_addresses(email: str) -> None:
    """What people have as addresses is stored as they give it."""
    assert addresses.canonical(email) == email


def test_domains_are_read_as_people_write_them() -> None:
    """A domain is shown in letters where they lead back to it."""
    assert addresses.readable("a@xn--bcher-kva.example") == "a@bücher.example"
    assert addresses.readable("a@exa_mple.gov") == "a@exa_mple.gov"
