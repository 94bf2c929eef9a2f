"""An organisation that has one of everything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import grpc

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.service_account_pb2 import CreateApiKeyRequest, CreateServiceAccountRequest
from gazette.auth.v1.session_pb2 import ListSessionsRequest
from gazette.content.v1.comment_pb2 import Comment
from gazette.content.v1.commenting_pb2 import AddCommentRequest
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CreateContentTypeRequest
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceStub
from gazette.content.v1.deletion_pb2 import DeleteDocumentRequest
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.preview_pb2 import CreatePreviewLinkRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.managing_pb2 import DeleteFileRequest, FileReplacement, ReplaceFileRequest
from gazette.files.v1.upload_pb2 import CreateUploadRequest, UploadWay
from tests.files.uploading import PNG, send, upload_of
from tests.service import Person, Service


@dataclass(frozen=True)
class Office:
    """Its admin, and the ids of what it has, by the name of the field that names such a thing."""

    admin: Person
    things: Mapping[str, str]

    @classmethod
    async def opened(cls, service: Service) -> Self:
        """The office of a new organisation. Content of the type `guide` must be allowed."""
        place = await service.organisation()
        admin = await service.account(role=Role.ROLE_ADMIN, organisation_id=place)
        person = await service.account(role=Role.ROLE_READER, organisation_id=place)
        channel, metadata = service.channel, admin.metadata
        robot = CreateServiceAccountRequest(account=Account(name="Robot"), role=Role.ROLE_READER, organisation_id=place)
        account_id = (await AccountServiceStub(channel).CreateServiceAccount(robot, metadata=metadata)).account.id
        document = Document(organisation_id=place, path=f"/{place}", title="A title", content_type="guide")
        created = await ContentServiceStub(channel).CreateDocument(CreateDocumentRequest(document=document), metadata=metadata)
        link = await ContentServiceStub(channel).CreatePreviewLink(
            CreatePreviewLinkRequest(id=created.document.id), metadata=metadata
        )
        document.path = f"{document.path}/deleted"
        unwanted = await ContentServiceStub(channel).CreateDocument(CreateDocumentRequest(document=document), metadata=metadata)
        deletion = DeleteDocumentRequest(id=unwanted.document.id, etag=unwanted.document.etag)
        await ContentServiceStub(channel).DeleteDocument(deletion, metadata=metadata)
        why = AddCommentRequest(document_id=created.document.id, comment=Comment(text="Why?"))
        said = await ContentServiceStub(channel).AddComment(why, metadata=metadata)
        listed = await AuthServiceStub(channel).ListSessions(ListSessionsRequest(), metadata=metadata)
        return cls(
            admin,
            {
                "organisation_id": place,
                "admin_id": admin.id,
                "person_id": person.id,
                "account_id": account_id,
                "api_key_id": await new_key(service, admin, account_id),
                "session_id": listed.sessions[0].id,
                "document_id": created.document.id,
                "deleted_id": unwanted.document.id,
                "preview_link_id": link.preview_link.id,
                "comment_id": said.comment.id,
                "translation_key": created.document.translation_key,
                "file_id": (await send(service, admin, upload_of(place, PNG), PNG)).file.id,
                "deleted_file_id": await deleted_file(service, admin, place),
                "upload_id": await begun_upload(service, admin, place),
            },
        )


async def deleted_file(service: Service, admin: Person, organisation_id: str) -> str:
    """The id of a file that can be restored."""
    file = (await send(service, admin, upload_of(organisation_id, PNG), PNG)).file
    await FileServiceStub(service.channel).DeleteFile(DeleteFileRequest(id=file.id), metadata=admin.metadata)
    return file.id


async def begun_upload(service: Service, admin: Person, organisation_id: str) -> str:
    """The id of an upload of which nothing has come."""
    request = CreateUploadRequest(upload=upload_of(organisation_id, PNG), way=UploadWay.UPLOAD_WAY_RESUMABLE)
    begun = await FileServiceStub(service.channel).CreateUpload(request, metadata=admin.metadata)
    return begun.upload.id


async def two_versions(service: Service, admin: Person, organisation_id: str) -> str:
    """The id of a file that was replaced."""
    file = (await send(service, admin, upload_of(organisation_id, PNG), PNG)).file
    later = PNG + b"\0"
    parts = [
        ReplaceFileRequest(replacement=FileReplacement(id=file.id, name="later.png", size_bytes=len(later))),
        ReplaceFileRequest(chunk=later),
    ]
    await FileServiceStub(service.channel).ReplaceFile(iter(parts), metadata=admin.metadata)
    return file.id


async def new_key(service: Service, admin: Person, account_id: str) -> str:
    """The id of another key of a service account."""
    key = CreateApiKeyRequest(account_id=account_id, name="a key", scopes=[Permission.PERMISSION_DOCUMENTS_READ])
    made = await AccountServiceStub(service.channel).CreateApiKey(key, metadata=admin.metadata)
    return made.api_key.id


async def allow_guides(service: Service) -> Person:
    """Makes the content type of the offices' documents, unless somebody has. An admin of all organisations."""
    admin = await service.account(role=Role.ROLE_ADMIN)
    guide = CreateContentTypeRequest(content_type=ContentType(name="guide", title="Guide"))
    with suppress(grpc.aio.AioRpcError):
        await ContentTypeServiceStub(service.channel).CreateContentType(guide, metadata=admin.metadata)
    return admin
