"""The asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeAlias

import grpc

from gazette_client.async_calls import ClientStreams, ServerStreams, SignIn, UnaryCalls, run
from gazette_client.channels import Connection, address
from gazette_client.channels import options as channel_options
from gazette_client.conversation import Conduct, Deadline, Wait
from gazette_client.errors import Unauthenticated
from gazette_client.files.downloads import Incoming, as_it_was, downloading, no_version
from gazette_client.files.sources import Outgoing, Progress, Source, in_loop
from gazette_client.files.uploads import Call, Plan, Way, Work, replacement_of
from gazette_client.files.waiting import until_ready
from gazette_client.messages import DownloadFileRequest, File, FileUpload, FileVersion, GetFileRequest, LogoutRequest
from gazette_client.publications import Publications
from gazette_client.retries import Retry
from gazette_client.services.tasks import AsyncServices
from gazette_client.session import Session, Tokens

Transfer: TypeAlias = Generator[Any, Any, File]


class AsyncClient(AsyncServices):
    """A connection to Gazette, for any number of tasks of one event loop; it is made inside that loop.

    Each service is the generated stub, fully typed: `await client.content.GetDocument(GetDocumentRequest(id=…))`. Calls that
    need it are signed in; what the contract calls safe is repeated; failures are `gazette_client.errors`. A call has `timeout`
    seconds in all, unless it is given a `timeout` of its own; a stream has as long as it takes.
    """

    def __init__(
        self,
        target: str,
        *,
        email: str = "",
        password: str = "",
        refresh_token: str = "",
        api_key: str = "",
        totp: Callable[[], str] | None = None,
        device_token: str = "",
        credentials: grpc.ChannelCredentials | None = None,
        timeout: float = 10.0,
        retry: Retry | None = None,
        options: Sequence[tuple[str, Any]] = (),
    ) -> None:
        """`target` is a gRPC name, `host:port` or `dns:///host:port`.

        A `refresh_token` continues an earlier session. `totp` is asked for a code of the authenticator app at each sign-in that
        needs one. A `device_token` of an earlier client makes this a known device. A service has an `api_key` instead of all
        that. `credentials` are those of the channel, `grpc.ssl_channel_credentials()`
        for TLS; without them passwords and documents travel in the clear. `options` are gRPC channel arguments.
        """
        self.target: str = address(target)
        self._connection = Connection(self.target)
        self._session = Session(
            email, password, Tokens(refresh=refresh_token), api_key=api_key, totp=totp, device_token=device_token
        )
        self._retry = retry or Retry()
        self._publications = Publications()
        conduct = Conduct(self._session, self._retry, timeout, self._publications)
        # The services come later: their channel needs the interceptors first.
        self._sign_in = SignIn(self._session, lambda: self.auth)
        interceptors = [kind(conduct, self._sign_in) for kind in (UnaryCalls, ServerStreams, ClientStreams)]
        arguments = channel_options(options)
        self.channel: grpc.aio.Channel = (
            grpc.aio.secure_channel(self.target, credentials, arguments, interceptors=interceptors)
            if credentials
            else grpc.aio.insecure_channel(self.target, arguments, interceptors=interceptors)
        )
        super().__init__(self.channel, self._connection)

    async def upload(
        self,
        source: Source,
        organisation_id: str,
        alternative_text: str = "",
        *,
        name: str = "",
        progress: Progress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the call's own deadline, told to the server
        way: Way = "auto",
        resume: str = "",
        begun: Callable[[str], None] | None = None,
    ) -> File:
        """Uploads a path, bytes, or an open binary file from where it stands. Without a `name` it gets the file's own.

        Up to 8 MiB go in one call, which is repeated whole. What is larger goes as the server would have it: straight to the
        object storage where that takes it, otherwise in pieces, which go on after a break where they ended. `way` says it
        otherwise. `begun` is told the id of an upload in pieces; with that as `resume`, and the same bytes, a later call goes
        on with it, of another process too.

        The file is READY, or is being examined still, or waits for that: `wait_until_ready` waits, too. What was refused
        raises InvalidArgument.
        """
        with await asyncio.to_thread(Outgoing, source, in_loop(progress)) as outgoing:
            upload = FileUpload(
                organisation_id=organisation_id,
                name=name or outgoing.name,
                alternative_text=alternative_text,
                size_bytes=outgoing.size,
                sha256=outgoing.sha256,
            )
            plan = Plan(outgoing, upload, self._retry, Deadline(timeout), way, resume, begun)
            return await self._transfer(plan.steps())

    async def replace(
        self,
        file_id: str,
        source: Source,
        *,
        etag: str = "",
        name: str = "",
        progress: Progress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the call's own deadline, told to the server
        way: Way = "auto",
        resume: str = "",
        begun: Callable[[str], None] | None = None,
    ) -> File:
        """Takes new bytes for a file, which keeps its id, and its name unless a `name` says another; all else as `upload`. An
        `etag` refuses if the file is not as it was read. What is to take its place, but is examined still, is `replacement`."""
        with await asyncio.to_thread(Outgoing, source, in_loop(progress)) as outgoing:
            replaced = (await self.files.GetFile(GetFileRequest(id=file_id))).file
            upload = replacement_of(replaced, outgoing, etag, name)
            rest = (resume, begun, replaced, etag, name)
            plan = Plan(outgoing, upload, self._retry, Deadline(timeout), way, *rest)
            return await self._transfer(plan.steps())

    async def wait_until_ready(self, file_id: str, *, timeout: float = 60.0) -> File:  # noqa: ASYNC109 - ends with an answer
        """The file, when it has been examined, and what replaces it, too. Raises InvalidArgument if it was refused, with the
        reason, and DeadlineExceeded `FILE_NOT_READY` if it takes longer than `timeout` seconds."""
        return await self._transfer(until_ready(file_id, timeout))

    async def _transfer(self, steps: Transfer) -> File:
        """Does what a transfer says, step by step."""

        async def perform(step: Call | Work | Wait) -> Any:
            match step:
                case Wait():
                    return await asyncio.sleep(step.seconds)
                case Work():
                    return await asyncio.to_thread(step.perform)
            request = aiter(step.request) if step.is_once else step.request
            return await getattr(self.files, step.method)(request, timeout=step.timeout)

        file: File = await run(steps, perform)
        return file

    async def download(
        self,
        file_id: str,
        to: str | PathLike[str],
        *,
        progress: Progress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the call's own deadline, told to the server
        version: int = 0,
        keeps: bool = False,
    ) -> File:
        """Downloads a file to the path `to`, replacing what is there. Until all of it has come and its SHA-256 agrees, nothing
        is there; of a download that fails nothing stays, unless it `keeps` what has come: then the next one that does goes on
        there. `version` is another one than the file's now."""
        file = (await self.files.GetFile(GetFileRequest(id=file_id))).file
        if version and version != file.version:
            file = as_it_was(file, await self._version(file_id, version))

        async def perform(step: Incoming | Wait) -> None:
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
                return
            request = DownloadFileRequest(id=file_id, offset=step.done, version=version)
            async for part in self.files.DownloadFile(request, timeout=timeout):
                await asyncio.to_thread(step.write, part.data)
                if progress is not None:
                    progress(step.done, file.size_bytes)

        await run(downloading(file, to, self._retry, keeps=keeps), perform)
        return file

    async def _version(self, file_id: str, number: int) -> FileVersion:
        async for version in self.file_versions(file_id):
            if version.version == number:
                return version
        raise no_version(file_id, number)

    @property
    def refresh_token(self) -> str:
        """Continues this session in a later client. A secret; each use of the session may replace it."""
        return self._session.tokens.refresh

    @property
    def record_number(self) -> int:
        """The last entry of the record that this client has made by publishing. It reads nothing public that is older."""
        return self._publications.record_number

    @property
    def device_token(self) -> str:
        """Makes a later client a known device, which strangers' attempts do not keep out. It is no credential."""
        return self._session.device_token

    async def sign_out(self) -> None:
        """Ends the session on the server. A later call starts another, if the password is known."""
        if self.refresh_token:
            with suppress(Unauthenticated):  # it has ended already
                await self.auth.Logout(LogoutRequest())
            self._session.forget()

    async def close(self) -> None:
        """Ends all calls and the connection; the session lasts on, as `refresh_token`."""
        self._connection.is_closed = True
        self._sign_in.close()
        await self.channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.target}>"
