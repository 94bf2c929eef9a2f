"""A real mail server on loopback, which a test can tell to refuse or to keep silent, and can ask for what it was given."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.certificates import Authority

USER, PASSWORD = "gazette@example.gov", "a password of the post office"


@dataclass(frozen=True)
class Delivery:
    """A message that the server took, and under which circumstances."""

    sender: str
    recipient: str
    raw: bytes
    was_encrypted: bool
    was_authenticated: bool

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, kind: str) -> str:
        """The content of its `plain` or `html` part."""
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class PostOffice:
    """aiosmtpd's hooks, and what they saw."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    """What RCPT or DATA is answered instead of 250."""
    deliveries: list[Delivery] = field(default_factory=list)
    attempts: int = 0
    """How often somebody connected and said EHLO."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.attempts += session.ssl is None
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"].format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        (recipient,) = envelope.rcpt_tos
        self.deliveries.append(
            Delivery(
                envelope.mail_from or "", recipient, envelope.content, session.ssl is not None, bool(session.authenticated)
            )
        )
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    @asynccontextmanager
    async def open(
        self, context: ssl.SSLContext | None = None, *, implicit: bool = False, host: str = "127.0.0.1"
    ) -> AsyncIterator[PostOffice]:
        """With a certificate it insists on encryption and a password; without one it offers neither STARTTLS nor AUTH."""
        secured: dict[str, Any] = {"auth_required": True, "authenticator": self.authenticate} if context else {}
        if implicit:
            secured["auth_require_tls"] = False  # it does not see that the connection is encrypted already
        elif context:
            secured |= {"require_starttls": True, "tls_context": context}

        def session() -> SMTP:
            return SMTP(self, hostname="post.example.gov", enable_SMTPUTF8=True, loop=loop, **secured)

        loop = asyncio.get_running_loop()
        listening = await loop.create_server(session, host, 0, ssl=context if implicit else None)
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()


def tls_context(directory: Path, authority: Authority) -> ssl.SSLContext:
    """A server's, with a certificate of this authority."""
    key, certificate = authority.issue("post.example.gov")
    path = directory / "post-office.pem"
    path.write_bytes(key + certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


@asynccontextmanager
async def tapped(port: int) -> AsyncIterator[tuple[int, bytearray]]:
    """Another port of the server behind `port`, and all that clients have said on it."""
    said = bytearray()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, copy: bytearray) -> None:
        while chunk := await reader.read(65536):
            copy += chunk
            writer.write(chunk)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond, onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, onward, said), pipe(beyond, writer, bytearray()), return_exceptions=True)

    listening = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], said
    finally:
        listening.close()


@asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
