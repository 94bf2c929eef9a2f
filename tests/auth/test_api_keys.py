"""API keys: how they look, who makes and ends them, what they let a service do, and what `API_KEY` is."""

from __future__ import annotations

import asyncio
import re
import uuid
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest, LogoutRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from server import app as application
from server.auth.api_keys import bootstrap
from server.auth.api_keys import queries as api_key_queries
from server.auth.api_keys import rules as api_key_rules
from server.auth.models import Account, ApiKey
from server.rpc.messages import moment
from server.settings import CannotStart
from server.stores.postgres import AnyRow
from tests.auth.stored import change, events, rows
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import PASSWORD, Person, Service, running

READ = Permission.PERMISSION_DOCUMENTS_READ
WRITE = Permission.PERMISSION_DOCUMENTS_WRITE


def bearer(key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {key}"),)


class Desk:
    """An admin who makes service accounts and their keys."""

    def __init__(self, service: Service, admin: Person) -> None:
        self.service = service
        self.admin = admin
        self.accounts = AccountServiceStub(service.channel)

    async def service_account(self, name: str = "crawler", role: Role.ValueType = Role.ROLE_AUTHOR, place: str = "") -> str:
        """Its id."""
        request = rpc.CreateServiceAccountRequest(account=AccountMessage(name=name), role=role, organisation_id=place)
        return (await self.accounts.CreateServiceAccount(request, metadata=self.admin.metadata)).account.id

    async def key(
        self, account_id: str, scopes: Sequence[Permission.ValueType] = (READ,), **given: Any
    ) -> rpc.CreateApiKeyResponse:
        request = rpc.CreateApiKeyRequest(account_id=account_id, name="a key", scopes=scopes, **given)
        return await self.accounts.CreateApiKey(request, metadata=self.admin.metadata)

    async def keys(self, account_id: str, **page: Any) -> rpc.ListApiKeysResponse:
        request = rpc.ListApiKeysRequest(account_id=account_id, **page)
        return await self.accounts.ListApiKeys(request, metadata=self.admin.metadata)

    async def revoke(self, account_id: str, key_id: str) -> rpc.RevokeApiKeyResponse:
        request = rpc.RevokeApiKeyRequest(account_id=account_id, id=key_id)
        return await self.accounts.RevokeApiKey(request, metadata=self.admin.metadata)


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return Desk(service, await service.account(role=Role.ROLE_ADMIN))


@pytest_asyncio.fixture
async def own_desk(own_service: Service) -> Desk:
    """On a server of its own, which does not hear or has no other services."""
    return Desk(own_service, await own_service.account(role=Role.ROLE_ADMIN))


async def code_of(channel: grpc.aio.Channel, key: str) -> grpc.StatusCode:
    """What listing documents is answered."""
    call = ContentServiceStub(channel).ListDocuments(ListDocumentsRequest(), metadata=bearer(key))
    return await call.code()


async def lets_in(channel: grpc.aio.Channel, key: str) -> bool:
    return await code_of(channel, key) is grpc.StatusCode.OK


async def is_refused_within(channel: grpc.aio.Channel, key: str, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while await lets_in(channel, key):
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


async def test_a_key_lets_a_service_call(desk: Desk) -> None:
    """A service account calls with its key, as itself, and never signs in."""
    account_id = await desk.service_account("the crawler")
    made = await desk.key(account_id)
    answer = await AuthServiceStub(desk.service.channel).GetMe(GetMeRequest(), metadata=bearer(made.key))
    assert (answer.account.id, answer.account.name, answer.account.email) == (account_id, "the crawler", "")
    assert answer.account.kind == AccountKind.ACCOUNT_KIND_SERVICE
    assert answer.account.state == AccountState.ACCOUNT_STATE_ACTIVE
    assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.OK


async def test_a_key_has_the_promised_form(desk: Desk) -> None:
    """A key is its id, 32 random bytes and a checksum (A7), and of it the database holds the SHA-256 alone."""
    made = await desk.key(await desk.service_account())
    match = re.fullmatch(r"(gaz_([0-9a-f]{32})_([0-9a-f]{64}))_([0-9a-f]{8})", made.key)
    assert match is not None
    assert uuid.UUID(match[2]) == uuid.UUID(made.api_key.id)
    assert int(match[4], 16) == zlib.crc32(match[1].encode())
    (stored,) = await rows(desk.service, select(ApiKey.__table__))
    assert stored.sha256 == api_key_rules.digest(made.key)
    ((whole,),) = await rows(desk.service, text(f"SELECT api_keys::text FROM api_keys WHERE id = '{stored.id}'"))
    assert made.api_key.id in whole
    assert match[3] not in whole


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: key[:60] + ("0" if key[60] != "0" else "1") + key[61:],
        lambda key: key[:4] + key[4:].upper(),
        lambda key: key + "0",
        lambda key: key[:-9],
        lambda key: "gaz_",
        lambda key: api_key_rules.make(uuid.uuid4()),
        lambda key: api_key_rules.make(api_key_rules.id_of(key)),
    ],
    ids=["checksum", "secret", "capitals", "longer", "no-checksum", "prefix", "unknown", "same-id"],
)
async def test_another_key_is_refused(desk: Desk, spoil: Any) -> None:
    """A key with a digit off, of another form, or with another secret is nobody's."""
    made = await desk.key(await desk.service_account())
    call = AuthServiceStub(desk.service.channel).GetMe(GetMeRequest(), metadata=bearer(spoil(made.key)))
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "INVALID_API_KEY")


async def test_strangers_ask_the_database_no_more_than_their_rate(
    servers: Servers, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that has made all its calls tries no more keys, each of which would cost a question. A key that the process
    knows goes on."""
    async with running(servers, template, tmp_path, RATE_LIMIT_MAX="12", RATE_LIMIT_WINDOW="1d") as service:
        desk = Desk(service, await service.account(role=Role.ROLE_ADMIN))
        made = await desk.key(await desk.service_account())
        assert await code_of(service.channel, made.key) is grpc.StatusCode.OK
        asked: list[bytes] = []
        use = api_key_queries.use

        async def counted(connection: AsyncConnection, sha256: bytes, now: datetime) -> AnyRow | None:
            asked.append(sha256)
            return await use(connection, sha256, now)

        monkeypatch.setattr(api_key_queries, "use", counted)
        codes = [await code_of(service.channel, api_key_rules.make(uuid.uuid4())) for _ in range(30)]
        assert codes[-1] is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(asked) <= 12
        assert await code_of(service.channel, made.key) is grpc.StatusCode.OK


async def test_a_key_does_no_more_than_its_scopes(desk: Desk) -> None:
    """A key may do what its scopes and its account's roles both allow."""
    admin_id = await desk.service_account(role=Role.ROLE_ADMIN)
    reader_id = await desk.service_account(role=Role.ROLE_READER)
    assert await code_of(desk.service.channel, (await desk.key(admin_id, [WRITE])).key) is grpc.StatusCode.PERMISSION_DENIED
    assert await code_of(desk.service.channel, (await desk.key(reader_id, [WRITE])).key) is grpc.StatusCode.PERMISSION_DENIED
    assert await code_of(desk.service.channel, (await desk.key(reader_id, [READ, WRITE])).key) is grpc.StatusCode.OK


async def test_what_is_for_people_is_not_for_keys(desk: Desk) -> None:
    """Sessions are for people: a key is told so."""
    made = await desk.key(await desk.service_account())
    refusal = await refused(AuthServiceStub(desk.service.channel).Logout(LogoutRequest(), metadata=bearer(made.key)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NEEDS_SESSION")


async def test_a_service_does_not_sign_in(desk: Desk) -> None:
    """A service has no address and no password to sign in with."""
    account_id = await desk.service_account("crawler@example.gov")
    for email in ("crawler@example.gov", account_id):
        request = LoginRequest(email=email, password=PASSWORD)
        assert (await refused(AuthServiceStub(desk.service.channel).Login(request))).reason == "INVALID_CREDENTIALS"


async def test_a_revoked_key_is_refused_at_once(desk: Desk) -> None:
    """A key that was used a moment ago is refused in every process within a second of its revocation (A7)."""
    account_id = await desk.service_account()
    made, other = await desk.key(account_id), await desk.key(account_id)
    process = await application.build(desk.service.settings)
    await process.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as elsewhere:
        for channel in (desk.service.channel, elsewhere):
            assert await code_of(channel, made.key) is grpc.StatusCode.OK

        ended = (await desk.revoke(account_id, made.api_key.id)).api_key

        assert ended.HasField("revoke_time")
        assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED
        assert await is_refused_within(elsewhere, made.key, 1.0)
        assert await code_of(elsewhere, other.key) is grpc.StatusCode.OK
    await process.stop()
    assert (await desk.revoke(account_id, made.api_key.id)).api_key == ended
    assert len(await events(desk.service, "api_key.revoke")) == 1


async def test_a_key_is_asked_about_while_nothing_is_heard(own_desk: Desk) -> None:
    """While a process would not hear of a revocation it asks the database each time."""
    account_id = await own_desk.service_account()
    made = await own_desk.key(account_id)
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.OK
    await own_desk.service.app.base.listener.stop()
    own_desk.service.app.base.listener.lost_since = 1.0
    await change(own_desk.service, update(ApiKey).values(revoke_time=func.now()))
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_that_ended_unheard_is_asked_about(own_desk: Desk) -> None:
    """What a process remembers of keys from before an outage of its notifications counts for nothing after it."""
    made = await own_desk.key(await own_desk.service_account())
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.OK
    listener = own_desk.service.app.base.listener
    await listener.stop()
    await change(own_desk.service, update(ApiKey).values(revoke_time=func.now()))
    listener.heard_once.clear()
    listener.start()
    async with asyncio.timeout(20):
        await listener.heard_once.wait()
    assert await code_of(own_desk.service.channel, made.key) is grpc.StatusCode.UNAUTHENTICATED


async def test_a_disabled_service_and_a_lost_role_end_keys(desk: Desk) -> None:
    """Disabling the account, and taking its role, is felt by its keys within a second."""
    from gazette.auth.v1.account_administration_pb2 import DisableAccountRequest, EnableAccountRequest, RevokeRoleRequest

    account_id = await desk.service_account()
    made = await desk.key(account_id)
    assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.OK
    await desk.accounts.DisableAccount(DisableAccountRequest(id=account_id), metadata=desk.admin.metadata)
    assert await is_refused_within(desk.service.channel, made.key, 1.0)
    await desk.accounts.EnableAccount(EnableAccountRequest(id=account_id), metadata=desk.admin.metadata)
    assert await code_of(desk.service.channel, made.key) is grpc.StatusCode.OK
    revocation = RevokeRoleRequest(id=account_id, role=Role.ROLE_AUTHOR)
    await desk.accounts.RevokeRole(revocation, metadata=desk.admin.metadata)
    assert await is_refused_within(desk.service.channel, made.key, 1.0)


async def test_a_key_ends(desk: Desk) -> None:
    """A key holds for a year, or until the time that was given, and not a moment longer."""
    account_id = await desk.service_account()
    made = await desk.key(account_id)
    assert moment(made.api_key.expire_time) - moment(made.api_key.create_time) == timedelta(days=365)
    end = Timestamp()
    end.FromDatetime(datetime.now(UTC) + timedelta(seconds=1))
    short = await desk.key(account_id, expire_time=end)
    assert await code_of(desk.service.channel, short.key) is grpc.StatusCode.OK
    assert await is_refused_within(desk.service.channel, short.key, 5.0)


@pytest.mark.parametrize("days", [-1, 0, 732])
async def test_an_end_must_make_sense(desk: Desk, days: int) -> None:
    """An end in the past, or more than two years away, is refused."""
    end = Timestamp()
    end.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    refusal = await refused(desk.key(await desk.service_account(), expire_time=end))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == ["expire_time"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": [0]}, "scopes[0]"),
        ({"scopes": [READ, READ]}, "scopes"),
        ({"scopes": [999]}, "scopes[0]"),
        ({"name": ""}, "name"),
        ({"replaces_id": "one"}, "replaces_id"),
        ({"overlap": Duration(seconds=-1)}, "overlap"),
        ({"overlap": Duration(seconds=2592001)}, "overlap"),
    ],
)
async def test_a_wrong_request_names_the_field(desk: Desk, given: dict[str, Any], field: str) -> None:
    """What is wrong with the request for a key is named, and no key is made."""
    account_id = await desk.service_account()
    request = rpc.CreateApiKeyRequest(**{"account_id": account_id, "name": "a key", "scopes": [READ], **given})
    refusal = await refused(desk.accounts.CreateApiKey(request, metadata=desk.admin.metadata))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.fields) == [field]
    assert not (await desk.keys(account_id)).api_keys


async def test_a_key_is_replaced_with_overlap(desk: Desk) -> None:
    """The replaced key holds for as long as was asked, so that nothing fails while the new one is put in place."""
    account_id = await desk.service_account()
    first = await desk.key(account_id)
    second = await desk.key(account_id, replaces_id=first.api_key.id)
    assert await code_of(desk.service.channel, first.key) is grpc.StatusCode.OK
    newer, older = (await desk.keys(account_id)).api_keys
    assert (newer.id, older.id) == (second.api_key.id, first.api_key.id)
    assert moment(older.expire_time) == moment(newer.create_time) + timedelta(days=1)
    third = await desk.key(account_id, replaces_id=second.api_key.id, overlap=Duration(seconds=0))
    assert await is_refused_within(desk.service.channel, second.key, 1.0)
    assert await code_of(desk.service.channel, third.key) is grpc.StatusCode.OK


async def test_a_key_replaces_its_account_s_own(desk: Desk) -> None:
    """A key of another account, or none, cannot be replaced."""
    account_id, other = await desk.service_account(), await desk.service_account()
    theirs = (await desk.key(other)).api_key
    for key_id in (theirs.id, str(uuid.uuid4())):
        refusal = await refused(desk.key(account_id, replaces_id=key_id))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "API_KEY_NOT_FOUND")
        assert (await refused(desk.revoke(account_id, key_id))).reason == "API_KEY_NOT_FOUND"
    assert (await desk.keys(other)).api_keys[0] == theirs


async def test_the_last_use_is_known_to_the_minute(desk: Desk) -> None:
    """A key that was used says when; one that was not says nothing."""
    account_id = await desk.service_account()
    made = await desk.key(account_id)
    await desk.key(account_id)
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    await code_of(desk.service.channel, made.key)
    unused, used = (await desk.keys(account_id)).api_keys
    assert not unused.HasField("last_use_time")
    assert moment(used.last_use_time) in {before, before + timedelta(minutes=1)}


async def test_keys_are_listed_in_parts(desk: Desk) -> None:
    """The newest come first, in parts without gap, and without the keys themselves."""
    account_id = await desk.service_account()
    made = [(await desk.key(account_id)).api_key.id for _ in range(5)]
    first = await desk.keys(account_id, page_size=3)
    second = await desk.keys(account_id, page_size=3, page_token=first.next_page_token)
    assert [key.id for part in (first, second) for key in part.api_keys] == made[::-1]
    assert not second.next_page_token
    other = await desk.service_account()
    assert (await refused(desk.keys(other, page_token=first.next_page_token))).reason == "INVALID_PAGE_TOKEN"


async def test_people_have_no_keys(desk: Desk) -> None:
    """A person signs in: a key is refused."""
    person = await desk.service.account()
    refusal = await refused(desk.key(person.id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_A_SERVICE")


async def test_another_organisation_s_services_are_not_found(desk: Desk) -> None:
    """The admin of one organisation makes services and keys there, and finds none elsewhere (Z2)."""
    transport, health = await desk.service.organisation(), await desk.service.organisation()
    theirs = Desk(desk.service, await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=transport))
    account_id = await desk.service_account(place=health)
    key = (await desk.key(account_id)).api_key
    for call in (
        theirs.key(account_id),
        theirs.keys(account_id),
        theirs.revoke(account_id, key.id),
        theirs.key(str(uuid.uuid4())),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ACCOUNT_NOT_FOUND")
    for place, code in ((health, grpc.StatusCode.NOT_FOUND), ("", grpc.StatusCode.PERMISSION_DENIED)):
        assert (await refused(theirs.service_account(place=place))).code is code
    own = await theirs.service_account(place=transport)
    assert await code_of(desk.service.channel, (await theirs.key(own)).key) is grpc.StatusCode.OK


async def test_a_service_is_made_once_for_one_key(desk: Desk) -> None:
    """A request that is repeated with its idempotency-key makes one account."""
    request = rpc.CreateServiceAccountRequest(account=AccountMessage(name="crawler"), role=Role.ROLE_READER)
    metadata = (*desk.admin.metadata, ("idempotency-key", "once"))
    first = await desk.accounts.CreateServiceAccount(request, metadata=metadata)
    assert await desk.accounts.CreateServiceAccount(request, metadata=metadata) == first
    services = select(Account.id).where(Account.kind == AccountKind.ACCOUNT_KIND_SERVICE)
    assert len(await rows(desk.service, services)) == 1


async def test_each_step_is_audited_without_the_key(desk: Desk) -> None:
    """The audit knows the account, the key's id, its scopes and its end."""
    account_id = await desk.service_account()
    made = await desk.key(account_id)
    await desk.revoke(account_id, made.api_key.id)
    (created,) = await events(desk.service, "api_key.create")
    (ended,) = await events(desk.service, "api_key.revoke")
    assert (created.target, ended.target) == (made.api_key.id, made.api_key.id)
    assert created.details["scopes"] == ["PERMISSION_DOCUMENTS_READ"]
    assert created.details["account_id"] == account_id
    assert made.key.split("_")[2] not in str(created.details)


KEY = api_key_rules.make(uuid.UUID(int=7))


@pytest_asyncio.fixture
async def bootstrapped(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with running(servers, template, tmp_path, API_KEY=KEY) as started:
        await until(lambda: lets_in(started.channel, KEY))
        yield started


async def test_the_first_key_comes_with_the_settings(bootstrapped: Service) -> None:
    """API_KEY is the key of a service account that may do everything."""
    answer = await AuthServiceStub(bootstrapped.channel).GetMe(GetMeRequest(), metadata=bearer(KEY))
    assert answer.account.name == "bootstrap"
    assert [(grant.role, grant.organisation_id) for grant in answer.account.grants] == [(Role.ROLE_ADMIN, "")]
    (stored,) = await rows(bootstrapped, select(ApiKey.__table__))
    assert (stored.id, stored.name) == (uuid.UUID(int=7), "API_KEY")
    assert set(stored.scopes) == {number for number in Permission.values() if number}
    audited = [
        (event.target, event.actor_id)
        for action in ("account.create", "api_key.create")
        for event in await events(bootstrapped, action)
    ]
    assert audited == [(answer.account.id, None), (str(stored.id), None)]


async def test_many_processes_make_one_bootstrap_account(bootstrapped: Service) -> None:
    """Processes that start together, and later ones, find it made; another API_KEY joins the same account."""

    async def ensure(key: str) -> bool:
        async with bootstrapped.database.transaction() as connection:
            return await bootstrap.ensure(connection, key)

    other = api_key_rules.make(uuid.uuid4())
    assert sum(await asyncio.gather(*(ensure(key) for key in [KEY, other] * 5))) == 1
    ((count,),) = await rows(bootstrapped, select(func.count()).where(Account.kind == AccountKind.ACCOUNT_KIND_SERVICE))
    assert count == 1


async def test_anybodys_account_may_be_called_bootstrap(own_desk: Desk) -> None:
    """An account that an organisation's admin gave the name does not get the key of the settings."""
    here = await own_desk.service.organisation()
    await own_desk.service_account(bootstrap.ACCOUNT, place=here)
    await own_desk.service_account(bootstrap.ACCOUNT, Role.ROLE_ADMIN, place=here)
    async with own_desk.service.database.transaction() as connection:
        assert await bootstrap.ensure(connection, KEY)
    answer = await AuthServiceStub(own_desk.service.channel).GetMe(GetMeRequest(), metadata=bearer(KEY))
    assert [(grant.role, grant.organisation_id) for grant in answer.account.grants] == [(Role.ROLE_ADMIN, "")]


async def test_a_revoked_bootstrap_key_stays_revoked(bootstrapped: Service) -> None:
    """Starting again does not bring a revoked API_KEY back."""
    await change(bootstrapped, update(ApiKey).values(revoke_time=func.now()))
    async with bootstrapped.database.transaction() as connection:
        assert not await bootstrap.ensure(connection, KEY)
    process = await application.build(bootstrapped.settings)
    await process.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
        assert await code_of(channel, KEY) is grpc.StatusCode.UNAUTHENTICATED
    await process.stop()


async def test_a_mistyped_bootstrap_key_stops_the_start(servers: Servers, template: str, tmp_path: Path) -> None:
    """A key with a typing error is noticed at once, and not told."""
    mistyped = KEY[:-1] + ("0" if KEY[-1] != "0" else "1")
    with pytest.raises(CannotStart, match=r"^API_KEY is not a key") as caught:
        async with running(servers, template, tmp_path, API_KEY=mistyped):
            pass
    assert mistyped not in str(caught.value)
