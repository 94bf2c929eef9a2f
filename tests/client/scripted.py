"""A server that fails as it is told to, and notes what it was asked: what the real one cannot be made to do at will."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.account_pb2 import Account
from gazette.auth.v1.auth_service_pb2 import (
    LoginRequest,
    LoginResponse,
    LogoutResponse,
    RefreshTokenRequest,
    RefreshTokenResponse,
)
from gazette.auth.v1.password_pb2 import (
    AcceptInvitationResponse,
    ChangePasswordRequest,
    ChangePasswordResponse,
    ResetPasswordResponse,
)
from gazette.content.v1.content_service_pb2 import (
    CreateDocumentResponse,
    GetDocumentResponse,
    ListDocumentsRequest,
    ListDocumentsResponse,
    PublishDocumentResponse,
)
from gazette.content.v1.document_import_pb2 import ImportDocumentsResponse
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Page
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2 import GetFileResponse, UploadFileResponse
from gazette_client.errors import GazetteError, failure
from tests.client.scripted_uploads import Uploads, fail

EMAIL, PASSWORD = "editor@example.gov", "violet-harbour-lantern"
REFUSED = failure(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "Sign in first.")


@dataclass
class Server:
    """The script, and the notes."""

    address: str = ""
    life: float = 900.0
    """Seconds that an access token lives."""
    failures: defaultdict[str, deque[GazetteError | float | asyncio.Event]] = field(default_factory=lambda: defaultdict(deque))
    """What the next calls of a method fail with; a number is a delay in seconds, and no failure; nor is an
    event that they wait for."""
    metadata: defaultdict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """What came with each call."""
    deadlines: defaultdict[str, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    received: list[Any] = field(default_factory=list)
    """The messages of the last client stream."""
    lists: list[ListDocumentsRequest] = field(default_factory=list)
    """Each request for a part of the list of documents."""
    file: File = field(default_factory=File)
    parts: list[bytes | GazetteError] = field(default_factory=list)
    """What DownloadFile sends; it ends at a failure, and goes on after it the next time."""
    offsets: list[int] = field(default_factory=list)
    """From where downloads were asked for."""
    access: str = ""
    """The access token that holds."""
    refresh: str = ""
    password: str = PASSWORD
    accepts: str = EMAIL
    """Whose invitation AcceptInvitation accepts."""
    totp_code: str = ""
    """The code that Login asks for; empty: none."""
    record_number: int = 0
    """What publications answer."""
    logins: list[LoginRequest] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    listening: grpc.aio.Server | None = None

    def __post_init__(self) -> None:
        self.uploads = Uploads(self)

    def fails(self, method: str, *failures: GazetteError | float | asyncio.Event) -> None:
        self.failures[method].extend(failures)

    def calls(self, method: str) -> int:
        return len(self.metadata[method])

    async def stop(self) -> None:
        """Goes away at once, with all its calls."""
        assert self.listening is not None
        await self.listening.stop(None)

    def revoke(self) -> None:
        """Makes the access token void; the refresh token holds."""
        self.access = "void"

    async def enter(self, method: str, context: Any, *, is_public: bool = False) -> None:
        metadata = dict(context.invocation_metadata())
        self.metadata[method].append(metadata)
        self.deadlines[method].append(context.time_remaining())
        if self.failures[method]:
            planned = self.failures[method].popleft()
            if isinstance(planned, GazetteError):
                await fail(context, planned)
            elif isinstance(planned, asyncio.Event):
                await planned.wait()
            else:
                await asyncio.sleep(planned)
        if not is_public and metadata.get("authorization") != f"Bearer {self.access}":
            await fail(context, REFUSED)

    def tokens(self, kind: Any) -> Any:
        self.made["tokens"] += 1
        self.access, self.refresh = f"access-{self.made['tokens']}", f"refresh-{self.made['tokens']}"
        ends = Timestamp()
        ends.FromNanoseconds(int((time.time() + self.life) * 1e9))
        return kind(access_token=self.access, access_token_expire_time=ends, refresh_token=self.refresh)

    async def login(self, request: LoginRequest, context: Any) -> Any:
        await self.enter("Login", context, is_public=True)
        self.logins.append(request)
        if (request.email, request.password) != (EMAIL, self.password):
            await fail(context, failure(grpc.StatusCode.UNAUTHENTICATED, "INVALID_CREDENTIALS", "Not so."))
        if self.totp_code and not request.totp_code:
            await fail(context, failure(grpc.StatusCode.UNAUTHENTICATED, "TOTP_REQUIRED", "Send a code."))
        if request.totp_code != self.totp_code:
            await fail(context, failure(grpc.StatusCode.UNAUTHENTICATED, "INVALID_CREDENTIALS", "Not so."))
        answer = self.tokens(LoginResponse)
        answer.device_token = f"device-{self.made['tokens']}"
        return answer

    async def refresh_token(self, request: RefreshTokenRequest, context: Any) -> Any:
        await self.enter("RefreshToken", context, is_public=True)
        await asyncio.sleep(0.05)  # time for others to ask too
        if request.refresh_token != self.refresh:
            await fail(context, failure(grpc.StatusCode.UNAUTHENTICATED, "INVALID_REFRESH_TOKEN", "Not so."))
        return self.tokens(RefreshTokenResponse)

    async def change_password(self, request: ChangePasswordRequest, context: Any) -> Any:
        await self.enter("ChangePassword", context)
        self.password = request.new_password
        answer = self.tokens(ChangePasswordResponse)
        answer.device_token = "device-of-change"
        return answer

    async def reset_password(self, request: Any, context: Any) -> ResetPasswordResponse:
        await self.enter("ResetPassword", context, is_public=True)
        return ResetPasswordResponse(device_token="device-of-reset")

    async def accept_invitation(self, request: Any, context: Any) -> AcceptInvitationResponse:
        await self.enter("AcceptInvitation", context, is_public=True)
        return AcceptInvitationResponse(account=Account(email=self.accepts), device_token="device-of-invitation")

    async def logout(self, request: Any, context: Any) -> LogoutResponse:
        await self.enter("Logout", context)
        self.access = self.refresh = "void"
        return LogoutResponse()

    async def get_document(self, request: Any, context: Any) -> GetDocumentResponse:
        await self.enter("GetDocument", context)
        return GetDocumentResponse(document=Document(id=request.id))

    async def create_document(self, request: Any, context: Any) -> CreateDocumentResponse:
        await self.enter("CreateDocument", context)
        return CreateDocumentResponse(document=request.document)

    async def list_documents(self, request: ListDocumentsRequest, context: Any) -> ListDocumentsResponse:
        """Five documents, two in each part."""
        await self.enter("ListDocuments", context)
        self.lists.append(request)
        start = int(request.page_token or 0)
        rest = str(start + 2) if start + 2 < 5 else ""
        documents = [Document(id=str(number)) for number in range(start, min(start + 2, 5))]
        return ListDocumentsResponse(documents=documents, next_page_token=rest)

    async def publish_document(self, request: Any, context: Any) -> PublishDocumentResponse:
        await self.enter("PublishDocument", context)
        return PublishDocumentResponse(record_number=self.record_number)

    async def import_documents(self, requests: Any, context: Any) -> ImportDocumentsResponse:
        await self.enter("ImportDocuments", context)
        self.received = [each async for each in requests]
        return ImportDocumentsResponse(record_number=self.record_number)

    async def get_page(self, request: Any, context: Any) -> GetPageResponse:
        await self.enter("GetPage", context, is_public=True)
        return GetPageResponse(page=Page(path=request.path))

    async def upload_file(self, requests: Any, context: Any) -> UploadFileResponse:
        await self.enter("UploadFile", context)
        self.received = [each async for each in requests]
        upload = self.received[0].upload
        if sum(len(each.chunk) for each in self.received) != upload.size_bytes:
            await fail(context, failure(grpc.StatusCode.INVALID_ARGUMENT, "SIZE_MISMATCH", "Less than was declared."))
        return UploadFileResponse(file=File(name=upload.name, size_bytes=upload.size_bytes, sha256=upload.sha256))

    async def get_file(self, request: Any, context: Any) -> GetFileResponse:
        await self.enter("GetFile", context, is_public=True)
        return GetFileResponse(file=self.file)

    async def download_file(self, request: Any, context: Any) -> AsyncIterator[HttpBody]:
        await self.enter("DownloadFile", context, is_public=True)
        self.offsets.append(known := request.offset)
        for position, part in enumerate(self.parts):
            if isinstance(part, GazetteError):
                del self.parts[position]
                await fail(context, part)
            else:
                yield HttpBody(data=part[known:])
                known = max(known - len(part), 0)

    def handlers(self) -> Iterator[grpc.GenericRpcHandler]:
        answered: dict[str, dict[str, Any]] = {
            "gazette.auth.v1.AuthService": {
                "Login": self.login,
                "RefreshToken": self.refresh_token,
                "Logout": self.logout,
                "ChangePassword": self.change_password,
                "ResetPassword": self.reset_password,
                "AcceptInvitation": self.accept_invitation,
            },
            "gazette.content.v1.ContentService": {
                "GetDocument": self.get_document,
                "CreateDocument": self.create_document,
                "ListDocuments": self.list_documents,
                "PublishDocument": self.publish_document,
                "ImportDocuments": self.import_documents,
            },
            "gazette.delivery.v1.DeliveryService": {"GetPage": self.get_page},
            "gazette.files.v1.FileService": {
                "UploadFile": self.upload_file,
                "GetFile": self.get_file,
                "DownloadFile": self.download_file,
                **self.uploads.answered(),
            },
        }
        for service, methods in answered.items():
            declared = descriptor_pool.Default().FindServiceByName(service).methods_by_name
            named = {name: handler(declared[name], behaviour) for name, behaviour in methods.items()}
            yield grpc.method_handlers_generic_handler(service, named)


def handler(declared: MethodDescriptor, behaviour: Any) -> grpc.RpcMethodHandler[Any, Any]:
    shapes = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
    }
    shape = shapes[declared.client_streaming, declared.server_streaming]
    answer = GetMessageClass(declared.output_type)
    return shape(behaviour, GetMessageClass(declared.input_type).FromString, answer.SerializeToString)


@asynccontextmanager
async def serving(address: str = "127.0.0.1:0", credentials: grpc.ServerCredentials | None = None) -> AsyncIterator[Server]:
    """A running server with an empty script."""
    server = Server()
    server.listening = listening = grpc.aio.server()
    listening.add_generic_rpc_handlers(tuple(server.handlers()))
    port = listening.add_secure_port(address, credentials) if credentials else listening.add_insecure_port(address)
    server.address = f"127.0.0.1:{port}"
    await listening.start()
    try:
        yield server
    finally:
        await server.stop()
