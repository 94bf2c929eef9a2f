"""Makes the demo through the API, as people would: authors write and submit, an editor approves, a publisher publishes."""

from __future__ import annotations

import io
import tomllib
import uuid
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from sqlalchemy import func, select

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import (
    ApproveDocumentRequest,
    CreateDocumentRequest,
    PublishDocumentRequest,
    SubmitDocumentRequest,
)
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CreateContentTypeRequest
from gazette.content.v1.document_pb2 import Document
from gazette_client import AsyncClient
from server import app
from server.auth.administration import creating
from server.auth.passwords.hashing import Passwords
from server.auth.passwords.rules import DEMO_PASSWORD
from server.content import models
from server.demo.files import FILES
from server.organisations import changes
from server.settings import Settings
from server.stores import postgres
from server.stores.parameters import is_one_of
from server.stores.postgres import Database

ADMIN = "admin@example.gov"
SLUG, NAME = "department-of-harbours", "Department of Harbours"
PEOPLE = {
    "admin@example.gov": Role.ROLE_ADMIN,
    "publisher@example.gov": Role.ROLE_PUBLISHER,
    "editor@example.gov": Role.ROLE_EDITOR,
    "author@example.gov": Role.ROLE_AUTHOR,
}
NAMESPACE = uuid.UUID("7c1f6a3e-52f1-4a3e-9f0b-0d7f2b0a9c11")
DOCUMENTS = Path(__file__).with_name("documents.toml")


async def load(settings: Settings) -> int:
    """How many documents were published; 0 when the demo was there already."""
    content = tomllib.loads(DOCUMENTS.read_text())
    pools = postgres.connect(settings)
    try:
        if await published(pools, content) == len(content["documents"]):
            return 0
        organisation_id = await make_people(pools)
    finally:
        await pools.close()
    own = settings.model_copy(
        update={
            "grpc_host": "127.0.0.1",
            "grpc_port": 0,
            "socket_dir": None,
            "tls_certificate_file": None,
            "tls_key_file": None,
        }
    )
    process = await app.build(own)
    await process.start()
    try:
        return await make_documents(f"127.0.0.1:{process.port}", organisation_id, content)
    finally:
        await process.stop()


async def load_admin(settings: Settings) -> None:
    """Makes the admin alone, unless it is there."""
    pools = postgres.connect(settings)
    passwords = Passwords()
    try:
        async with pools.transaction() as connection:
            await creating.ensure(connection, passwords, person(ADMIN, None))
    finally:
        await passwords.close()
        await pools.close()


async def published(pools: Database, content: dict[str, Any]) -> int:
    keys = {translation_key(document["key"]) for document in content["documents"]}
    statement = select(func.count()).where(is_one_of(models.Document.translation_key, keys), models.Document.live_state != 0)
    async with pools.read() as connection:
        return (await connection.execute(statement)).scalar_one()


async def make_people(pools: Database) -> str:
    """The organisation's id. The admin's grant holds for all organisations, the others' for this one."""
    passwords = Passwords()
    try:
        async with pools.transaction() as connection:
            organisation_id = await changes.ensure(connection, SLUG, NAME)
            for email, role in PEOPLE.items():
                where = None if role == Role.ROLE_ADMIN else organisation_id
                await creating.ensure(connection, passwords, person(email, where))
    finally:
        await passwords.close()
    return str(organisation_id)


def person(email: str, organisation_id: uuid.UUID | None) -> creating.Person:
    return creating.Person(email, email.partition("@")[0].title(), DEMO_PASSWORD, PEOPLE[email], organisation_id)


async def make_documents(target: str, organisation_id: str, content: dict[str, Any]) -> int:
    clients = {email.partition("@")[0]: AsyncClient(target, email=email, password=DEMO_PASSWORD) for email in PEOPLE}
    try:
        for content_type in content["content_types"]:
            await make_content_type(clients["admin"], ParseDict(content_type, ContentType()))
        attachments = {
            name: (await clients["author"].upload(io.BytesIO(draw()), organisation_id, name=name, alternative_text=text)).id
            for name, (draw, text) in FILES.items()
        }
        count = 0
        for document in content["documents"]:
            count += await make_document(clients, organisation_id, document, attachments)
    finally:
        for client in clients.values():
            await client.close()
    return count


async def make_content_type(admin: AsyncClient, content_type: ContentType) -> None:
    request = CreateContentTypeRequest(content_type=content_type)
    await admin.content_types.CreateContentType(request, metadata=once(f"content-type-{content_type.name}"))


async def make_document(
    clients: dict[str, AsyncClient], organisation_id: str, given: dict[str, Any], attachments: dict[str, str]
) -> int:
    wanted = Document(
        organisation_id=organisation_id,
        translation_key=str(translation_key(given["key"])),
        attachments=[attachments[name] for name in given.get("attachments", ())],
    )
    plain = {name: given[name] for name in ("content_type", "locale", "path", "title", "summary", "tags", "details", "body")}
    for name, file_id in attachments.items():
        plain["body"] = plain["body"].replace(f"(file:{name})", f"(file:{file_id})")
    ParseDict(plain, wanted)
    for kind, keys in given["links"].items():
        wanted.links[kind].translation_keys.extend(str(translation_key(key)) for key in keys)
    author, editor, publisher = (clients[name].content for name in ("author", "editor", "publisher"))
    request = CreateDocumentRequest(document=wanted)
    made = (await author.CreateDocument(request, metadata=once(f"document-{given['path']}"))).document
    made = (await author.SubmitDocument(SubmitDocumentRequest(id=made.id, etag=made.etag))).document
    made = (await editor.ApproveDocument(ApproveDocumentRequest(id=made.id, etag=made.etag))).document
    await publisher.PublishDocument(PublishDocumentRequest(id=made.id, etag=made.etag))
    return 1


def once(name: str) -> tuple[tuple[str, str], ...]:
    """An idempotency key that is the same in every run: what a run that was cut off has made is not made twice."""
    return (("idempotency-key", f"demo-{name}"),)


def translation_key(key: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, key)
