"""Both clients against a real server: what the scripted one only plays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import CreateOrganisationRequest
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.files.v1.file_pb2 import FileUpload
from gazette.files.v1.file_service_pb2 import GetFileRequest, UploadFileRequest
from gazette_client import AsyncClient, Client
from gazette_client.errors import InvalidArgument, NotFound, StaleEtag, Unauthenticated
from gazette_client.files.sources import Outgoing, Piece
from server.auth.models import Session
from tests import servers as backing
from tests.client.conftest import Clients
from tests.client.test_readme import picture
from tests.polling import until
from tests.service import Person, Service, running

NOBODY = "0190a5a0-0000-7000-8000-000000000000"


@pytest.fixture(params=[AsyncClient, Client], ids=["asyncio", "threads"])
def clients(request: pytest.FixtureRequest, service: Service) -> Clients:
    return Clients(request.param, service.address)


@pytest_asyncio.fixture
async def admin(service: Service) -> Person:
    return await service.account(role=Role.ROLE_ADMIN)


@pytest_asyncio.fixture
async def client(clients: Clients, admin: Person) -> AsyncIterator[Any]:
    async with clients.opened(email=admin.email, password=admin.password) as opened:
        yield opened


async def test_a_client_signs_in_and_out(clients: Clients, client: Any, admin: Person) -> None:
    """The session that the first call begins ends with sign_out, for its refresh token too."""
    me = await clients.call(client.auth.GetMe, GetMeRequest())
    kept = client.refresh_token

    await clients.call(client.sign_out)

    assert me.account.id == admin.id
    async with clients.opened(email="", password="", refresh_token=kept) as later:
        with pytest.raises(Unauthenticated) as caught:
            await clients.call(later.auth.GetMe, GetMeRequest())
    assert caught.value.reason == "INVALID_REFRESH_TOKEN"


async def test_refusals_carry_their_reasons(clients: Clients, client: Any) -> None:
    """The server's reason, the fields that are wrong and the request's id arrive as attributes."""
    with pytest.raises(NotFound) as absent:
        await clients.call(client.content.GetDocument, GetDocumentRequest(id=NOBODY))
    with pytest.raises(InvalidArgument) as wrong:
        await clients.call(client.content.GetDocument, GetDocumentRequest(id="7"))

    assert absent.value.reason == "DOCUMENT_NOT_FOUND"
    assert absent.value.request_id
    assert [each.field for each in wrong.value.field_violations] == ["id"]


async def test_a_create_that_is_repeated_is_done_once(clients: Clients, client: Any, service: Service) -> None:
    """The same key answers the same organisation; it is the key that the client would repeat by itself."""
    request = CreateOrganisationRequest(organisation=Organisation(slug=service.unique("harbours"), name="Harbours"))
    key = (("idempotency-key", "once"),)

    made = [await clients.call(client.organisations.CreateOrganisation, request, metadata=key) for _ in range(2)]

    assert made[0] == made[1]


async def test_a_file_comes_back_as_it_went(clients: Clients, client: Any, service: Service, tmp_path: Path) -> None:
    """What is uploaded is downloaded, signed in; a stranger does not find what is not public."""
    source = tmp_path / "harbour.png"
    source.write_bytes(picture())
    told: list[tuple[int, int]] = []

    file = await clients.call(client.upload, source, await service.organisation(), "The harbour")
    async with clients.opened(email=client._session.email, password=client._session.password) as other:
        await clients.call(other.download, file.id, tmp_path / "copy.png", progress=lambda *now: told.append(now))
    async with clients.opened(email="", password="") as stranger:
        with pytest.raises(NotFound):
            await clients.call(stranger.files.GetFile, GetFileRequest(id=file.id))

    assert (tmp_path / "copy.png").read_bytes() == picture()
    assert (file.name, file.content_type, file.alternative_text) == ("harbour.png", "image/png", "The harbour")
    assert told == [(file.size_bytes, file.size_bytes)]


async def test_a_repeated_upload_is_one_file(clients: Clients, client: Any, service: Service, tmp_path: Path) -> None:
    """UploadFile honours its key: what the client sends again after a lost answer makes no second file."""
    source = tmp_path / "harbour.png"
    source.write_bytes(picture())
    key = (("idempotency-key", "once"),)
    organisation = await service.organisation()
    with Outgoing(source) as outgoing:
        said = FileUpload(organisation_id=organisation, name="harbour.png", size_bytes=outgoing.size, sha256=outgoing.sha256)
        piece = Piece(outgoing, lambda data, _: UploadFileRequest(chunk=data), first=UploadFileRequest(upload=said))
        made = [(await clients.call(client.files.UploadFile, piece, metadata=key)).file for _ in range(2)]

    assert made[0] == made[1]


async def test_an_upload_in_pieces_goes_on(clients: Clients, client: Any, service: Service) -> None:
    """What breaks off in the middle is gone on with by its id, by another client, and arrives whole."""
    begun: list[str] = []

    def stop(done: int, total: int) -> None:
        if done == total:
            raise KeyError(done)

    content = ("Low water, high water\n" * 30_000).encode()
    named = {"name": "tides.png", "way": "resumable"}
    organisation = await service.organisation()
    with pytest.raises(InvalidArgument) as refused:
        await clients.call(client.upload, content, organisation, **named)
    assert refused.value.reason == "FILE_TYPE_NOT_ALLOWED"
    whole = picture() + bytes(700_000)
    with pytest.raises(KeyError):
        await clients.call(client.upload, whole, organisation, progress=stop, begun=begun.append, **named)
    told: list[int] = []
    async with clients.opened(email=client._session.email, password=client._session.password) as other:
        going_on = {"resume": begun[0], "progress": lambda done, _: told.append(done), **named}
        file = await clients.call(other.upload, whole, organisation, **going_on)
        ready = await clients.call(other.wait_until_ready, file.id)

    assert (told[0] > 0, told[-1]) == (True, len(whole))
    assert ready.uploaded_sha256 == hashlib.sha256(whole).hexdigest()


async def test_a_file_that_is_replaced_keeps_its_id(clients: Clients, client: Any, service: Service, tmp_path: Path) -> None:
    """In one call and in pieces; a former version can be had, and nothing replaces what is not as it was read."""
    file = await clients.call(client.upload, picture(), await service.organisation(), name="harbour.png")
    later = picture() + bytes(1)
    for way in ("stream", "resumable"):
        later += bytes(1)
        await clients.call(client.replace, file.id, later, way=way)
    ready = await clients.call(client.wait_until_ready, file.id)
    with pytest.raises(StaleEtag):
        await clients.call(client.replace, file.id, later, etag=file.etag)
    former = await clients.call(client.download, file.id, tmp_path / "first.png", version=1)

    assert (ready.version, ready.name, former.version) == (3, "harbour.png", 1)
    assert (tmp_path / "first.png").read_bytes() == picture()


async def test_a_file_that_is_too_large_is_refused(clients: Clients, client: Any, service: Service, tmp_path: Path) -> None:
    """The refusal comes while the client still sends, and arrives with its reason."""
    source = tmp_path / "large.png"
    source.write_bytes(picture() + b"\0" * service.settings.max_file_size)

    with pytest.raises(InvalidArgument) as caught:
        await clients.call(client.upload, source, await service.organisation())

    assert caught.value.reason == "FILE_TOO_LARGE"


@pytest.mark.parametrize("kind", [AsyncClient, Client], ids=["asyncio", "threads"])
async def test_short_tokens_fail_no_call(
    servers: backing.Servers, template: str, tmp_path: Path, kind: type[AsyncClient | Client]
) -> None:
    """Tokens of two seconds, twenty callers: the session is refreshed under way, twice, and nobody notices."""
    async with running(servers, template, tmp_path, JWT_EXPIRATION_TIME="2s") as service:
        person = await service.account()
        clients = Clients(kind, service.address)
        async with clients.opened(email=person.email, password=person.password) as client:
            is_over = asyncio.Event()

            async def ask() -> set[str]:
                found = set()
                while not is_over.is_set():
                    found.add((await clients.call(client.auth.GetMe, GetMeRequest())).account.id)
                    await asyncio.sleep(0.05)
                return found

            async def has_refreshed() -> bool:
                async with service.database.read() as connection:
                    return (await connection.execute(select(func.max(Session.counter)))).scalar_one() >= 2

            asking = [asyncio.ensure_future(ask()) for _ in range(20)]
            await until(has_refreshed)
            is_over.set()
            answers = await asyncio.gather(*asking)

    assert answers == [{person.id}] * 20
