"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import grpc

from gazette_client.calls import Calls, SignIn, run
from gazette_client.channels import Connection, address
from gazette_client.channels import options as channel_options
from gazette_client.conversation import Conduct, Wait
from gazette_client.errors import Unauthenticated
from gazette_client.messages import DownloadFileRequest, File, GetFileRequest, LogoutRequest, UploadFileRequest
from gazette_client.publications import Publications
from gazette_client.retries import Retry
from gazette_client.services.threads import Services
from gazette_client.session import Session, Tokens
from gazette_client.transfers import Incoming, Outgoing, Progress, Source, downloading


class Client(Services):
    """A connection to Gazette, for any number of threads.

    Each service is the generated stub, fully typed: `client.content.GetDocument(GetDocumentRequest(id=…))`. Calls that need it
    are signed in; what the contract calls safe is repeated; failures are `gazette_client.errors`. A call has `timeout` seconds
    in all, unless it is given a `timeout` of its own; a stream has as long as it takes.
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
        arguments = channel_options(options)
        plain = (
            grpc.secure_channel(self.target, credentials, arguments)
            if credentials
            else grpc.insecure_channel(self.target, arguments)
        )
        self.channel: grpc.Channel = grpc.intercept_channel(plain, Calls(conduct, self._sign_in))
        super().__init__(self.channel, self._connection)

    def upload(
        self,
        source: Source,
        organisation_id: str,
        alternative_text: str = "",
        *,
        name: str = "",
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> File:
        """Uploads a path, or an open binary file from where it stands. Without a `name` it gets the file's own."""
        with Outgoing(source, organisation_id, name, alternative_text, progress) as outgoing:
            requests = cast("Iterator[UploadFileRequest]", outgoing)  # the interceptor takes what can begin again too
            return self.files.UploadFile(requests, timeout=timeout).file

    def download(
        self, file_id: str, to: str | PathLike[str], *, progress: Progress | None = None, timeout: float | None = None
    ) -> File:
        """Downloads a file to the path `to`, replacing what is there. Until all of it has come and its SHA-256 agrees, nothing
        is there; of a download that fails nothing stays."""
        file = self.files.GetFile(GetFileRequest(id=file_id)).file

        def perform(step: Incoming | Wait) -> None:
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                return
            for part in self.files.DownloadFile(DownloadFileRequest(id=file_id, offset=step.done), timeout=timeout):
                step.write(part.data)
                if progress is not None:
                    progress(step.done, file.size_bytes)

        run(downloading(file, Path(to), self._retry), perform)
        return file

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

    def sign_out(self) -> None:
        """Ends the session on the server. A later call starts another, if the password is known."""
        if self.refresh_token:
            with suppress(Unauthenticated):  # it has ended already
                self.auth.Logout(LogoutRequest())
            self._session.forget()

    def close(self) -> None:
        """Ends all calls and the connection; the session lasts on, as `refresh_token`."""
        self._connection.is_closed = True
        self._sign_in.close()
        self.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.target}>"
