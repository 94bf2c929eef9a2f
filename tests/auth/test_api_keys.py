"""API keys: how they look, who makes and ends them, what they let a service do, and what `API_KEY` is."""

from __future__ import annotations

import re
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest, LogoutRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.api_keys import queries as api_key_queries
from server.auth.api_keys import rules as api_key_rules
from server.auth.models import Account, ApiKey
from server.rpc.messages import moment
from server.stores.postgres import AnyRow
from tests.auth.api_keys import READ, WRITE, Desk, bearer, code_of
from tests.auth.stored import events, rows
from tests.refusals import refused
from tests.servers import Servers
from tests.service import PASSWORD, Service, running


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return Desk(service, await service.account(role=Role.ROLE_ADMIN))


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
