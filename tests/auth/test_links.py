"""Links in mails: which tokens hold, and that all others are refused alike."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import grpc
import pytest
import uuid6
from sqlalchemy import func, select, text, update

from gazette.auth.v1 import password_pb2, profile_pb2
from gazette.auth.v1.account_pb2 import AccountState, Role
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.base64url import decoded, encoded
from server.auth.failures import InvalidLink
from server.auth.links.mailed import Links
from server.auth.links.purposes import EMAIL_CHANGE, INVITATION, PASSWORD_RESET, PURPOSES
from server.auth.models import Account, Link
from tests.auth.administering import invite
from tests.auth.mailbox import newest, request_reset, token
from tests.auth.stored import change, rows
from tests.refusals import Refusal, refused
from tests.service import PASSWORD, Person, Service

LINKS = Links("a secret of the tests, for refresh tokens", "https://gazette.example.gov")
ID = uuid.UUID("018f0000-0000-7000-8000-000000000001")
TOKENS = {purpose: LINKS.token(purpose, ID) for purpose in PURPOSES}
SAME_REQUEST = (("x-request-id", "the-same-for-all"),)


def flipped(token: str, position: int) -> str:
    raw = bytearray(decoded(token))
    raw[position] ^= 1
    return encoded(bytes(raw))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_names_its_link(purpose: str) -> None:
    """What was signed for a purpose is read for that purpose, and is a link's fragment as it is."""
    assert LINKS.read(purpose, TOKENS[purpose]) == ID
    assert LINKS.url(purpose, ID) == f"https://gazette.example.gov/{PURPOSES[purpose].page}#token={TOKENS[purpose]}"
    assert TOKENS[purpose].replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("position", range(48))
def test_no_byte_of_a_token_can_be_changed(position: int) -> None:
    """A token with any byte flipped is nobody's."""
    with pytest.raises(InvalidLink):
        LINKS.read(PASSWORD_RESET, flipped(TOKENS[PASSWORD_RESET], position))


@pytest.mark.parametrize(
    ("purpose", "other"), [(purpose, other) for purpose in PURPOSES for other in PURPOSES if purpose != other]
)
def test_a_token_is_for_one_purpose(purpose: str, other: str) -> None:
    """An invitation's token resets no password, and so on."""
    with pytest.raises(InvalidLink):
        LINKS.read(purpose, TOKENS[other])


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token[:-4],
        lambda token: token + token,
        lambda token: encoded(ID.bytes),
        lambda token: encoded(ID.bytes + bytes(32)),
        lambda token: encoded(decoded(token)[16:]),
        lambda token: decoded(token).hex(),
        lambda token: str(ID),
        lambda token: Links("another secret", "").token(PASSWORD_RESET, ID),
        lambda token: Links("", "").token(PASSWORD_RESET, ID),
        lambda token: "é" * 64,
        lambda token: "+/" * 32,
    ],
    ids=range(18),
)
def test_what_is_not_our_token_is_nobodys(forge: Callable[[str], str]) -> None:
    """Cut, padded, doubled, unsigned, otherwise encoded or signed with another secret: no such token names a link."""
    with pytest.raises(InvalidLink):
        LINKS.read(PASSWORD_RESET, forge(TOKENS[PASSWORD_RESET]))


def test_links_hold_as_long_as_they_should() -> None:
    """Invitations for a week, passwords for an hour, addresses for a day."""
    lifetimes = {purpose: PURPOSES[purpose].lifetime for purpose in PURPOSES}
    assert lifetimes == {INVITATION: timedelta(days=7), PASSWORD_RESET: timedelta(hours=1), EMAIL_CHANGE: timedelta(days=1)}


async def sent(service: Service, purpose: str) -> tuple[str, str]:
    """The account's id, and the token that it was sent for the purpose."""
    new = f"{service.unique('new')}@example.gov"
    if purpose == INVITATION:
        account = await invite(service, await service.account(role=Role.ROLE_ADMIN), new)
        return account.id, token(await newest(service, new))
    person = await service.account()
    if purpose == PASSWORD_RESET:
        await request_reset(service, person.email)
        return person.id, token(await newest(service, person.email))
    await change_email(service, person, new)
    return person.id, token(await newest(service, new))


async def change_email(service: Service, person: Person, email: str) -> None:
    request = profile_pb2.ChangeEmailRequest(email=email, password=PASSWORD)
    await AuthServiceStub(service.channel).ChangeEmail(request, metadata=person.metadata)


def use(service: Service, purpose: str, token: str) -> Awaitable[object]:
    stub = AuthServiceStub(service.channel)
    password = "another-violet-lantern"
    if purpose == INVITATION:
        return stub.AcceptInvitation(
            password_pb2.AcceptInvitationRequest(token=token, password=password), metadata=SAME_REQUEST
        )
    if purpose == PASSWORD_RESET:
        return stub.ResetPassword(password_pb2.ResetPasswordRequest(token=token, new_password=password), metadata=SAME_REQUEST)
    return stub.ConfirmEmail(profile_pb2.ConfirmEmailRequest(token=token), metadata=SAME_REQUEST)


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_all_links_that_do_not_hold_are_refused_alike(service: Service, purpose: str) -> None:
    """Forged, of another purpose or none, expired, replaced, used, of a disabled or erased account: one answer to the byte."""
    account_id, good = await sent(service, purpose)
    other = next(each for each in PURPOSES if each != purpose)
    ours = Links(service.settings.refresh_token_secret, "")
    mine = Account.id == uuid.UUID(account_id)
    refusals: list[Refusal] = []

    async def refuse(token: str = good) -> None:
        refusals.append(await refused(use(service, purpose, token)))

    await refuse(flipped(good, 20))
    await refuse("not a token")
    await refuse(ours.token(other, ours.read(purpose, good)))
    await refuse(ours.token(purpose, uuid6.uuid7()))
    for column in ("use_time", "expire_time"):
        (link,) = await rows(service, select(Link.__table__))
        await change(service, update(Link).values({column: func.now()}))
        await refuse()
        await change(service, update(Link).values({column: getattr(link, column)}))
    (account,) = await rows(service, select(Account.__table__).where(mine))
    for state in AccountState.values():
        if state != account.state:
            await change(service, update(Account).where(mine).values(state=state))
            await refuse()
    await change(service, update(Account).where(mine).values(state=account.state))
    await use(service, purpose, good)
    await refuse()

    first = refusals[0]
    assert (first.code, first.reason, list(first.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_LINK", ["token"])
    assert {refusal.status.SerializeToString(deterministic=True) for refusal in refusals} == {
        first.status.SerializeToString(deterministic=True)
    }


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_a_link_holds_until_its_last_moment(service: Service, purpose: str) -> None:
    """A link that was sent almost its lifetime ago still holds; a little later it does not."""
    _, link = await sent(service, purpose)
    lifetime = PURPOSES[purpose].lifetime
    for earlier, holds in ((lifetime - timedelta(minutes=1), True), (timedelta(minutes=1), False)):
        moved = {"create_time": Link.create_time - earlier, "expire_time": Link.expire_time - earlier}
        await change(service, update(Link).values(moved))
        (stored,) = await rows(service, select(Link.expire_time > func.now()))
        assert stored[0] is holds
        if not holds:
            assert (await refused(use(service, purpose, link))).reason == "INVALID_LINK"
    await change(service, update(Link).values(expire_time=Link.expire_time + timedelta(minutes=1)))
    await use(service, purpose, link)


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_no_token_is_stored(service: Service, purpose: str) -> None:
    """What a link can do stands in the mail alone: no table has its token, nor the signature by itself."""
    _, link = await sent(service, purpose)
    await use(service, purpose, link)
    signature = decoded(link)[16:]
    async with service.owner.connect() as connection:
        tables = (await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars().all()
        for table in tables:
            for row in await connection.execute(text(f'SELECT t::text FROM "{table}" AS t')):
                assert link not in row[0]
                assert signature.hex() not in row[0]
                assert encoded(signature) not in row[0]
