"""The ways out of the house: a mail server, a folder, or none."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Any, Protocol

import aiosmtplib
from aiosmtplib import errors as smtp

from server.mail.letters import Message
from server.settings import InvalidSettings, Settings

SECONDS = 10.0
QUIT_SECONDS = 1.0
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
"""A status code of RFC 3463, which begins an answer's text."""


class NotSent(Exception):
    """The message did not leave. Its text says why, in the words of the protocol: an answer's codes, never its text, since a
    server repeats there what it likes, such as the address."""


class Refused(NotSent):
    """This message was refused, in this attempt."""


class RefusedForEver(Refused):
    """Another attempt would be refused as well."""


class Transport(Protocol):
    """Sends a message, or raises NotSent; then it may have left all the same, where the answer was lost."""

    async def send(self, message: Message) -> None: ...


@dataclass(frozen=True)
class Smtp:
    """A mail server. Each message has a connection of its own, so that none suffers from another."""

    host: str
    port: int
    security: str
    user: str
    password: str
    context: ssl.SSLContext
    greeting: str
    """What EHLO says that we are."""
    seconds: float = SECONDS
    """The longest that an attempt may take, from its connection to the last answer."""

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port})"

    async def send(self, message: Message) -> None:
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user or None,
            password=self.password if self.user else None,
            local_hostname=self.greeting,
            timeout=self.seconds,
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",  # True: without it nothing is sent, the password least of all
            tls_context=self.context,
        )
        options = ["SMTPUTF8", "BODY=8BITMIME"] if message.is_international else []
        try:
            async with asyncio.timeout(self.seconds):
                await client.connect()
                await client.sendmail(message.sender, [message.recipient], message.content, mail_options=options)
            with suppress(smtp.SMTPException, OSError):  # it has the message: whatever comes now changes nothing
                await client.quit(timeout=QUIT_SECONDS)
        except (smtp.SMTPException, OSError) as error:
            raise explained(error) from error
        finally:
            client.close()


def explained(error: Exception) -> NotSent:
    if isinstance(error, smtp.SMTPRecipientsRefused):
        return refusal("recipient", error.recipients[0])
    if isinstance(error, smtp.SMTPDataError):
        return refusal("message", error)
    if isinstance(error, smtp.SMTPNotSupported):  # sendmail raises it for SMTPUTF8 alone
        return RefusedForEver("the mail server takes no addresses beyond ASCII")
    return NotSent(reason(error.__cause__ if isinstance(error.__cause__, OSError) else error))


def reason(error: BaseException) -> str:
    match error:
        case smtp.SMTPResponseException():
            return f"{type(error).__name__.removeprefix('SMTP')}: {codes(error)}"
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLCertVerificationError():
            return f"certificate refused: {error.verify_message}"
        case smtp.SMTPException():
            return error.message
        case _:
            return str(getattr(error, "strerror", None) or type(error).__name__)


def refusal(what: str, error: smtp.SMTPResponseException) -> NotSent:
    """Of the recipient or the message itself. Class 5 is for ever (RFC 5321 section 4.2.1)."""
    return (RefusedForEver if error.code // 100 == 5 else Refused)(f"{what} refused: {codes(error)}")


def codes(error: smtp.SMTPResponseException) -> str:
    enhanced = ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else f"{error.code}"


@dataclass(frozen=True)
class Directory:
    """A folder, for development: each message is a file there as soon as it is whole. A second attempt replaces the first."""

    folder: Path

    async def send(self, message: Message) -> None:
        try:
            await asyncio.to_thread(write, self.folder / f"{message.name}.eml", message.content)
        except OSError as error:
            raise NotSent(error.strerror or type(error).__name__) from error


def write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    part.rename(path)


def transport(settings: Settings) -> Transport | None:
    """None: mails wait in the database. Raises InvalidSettings."""
    if settings.mail_directory is not None:
        try:
            settings.mail_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSettings(f"MAIL_DIRECTORY cannot be made ({error.strerror}); name a folder that can") from error
        return Directory(settings.mail_directory.resolve())
    if not settings.smtp_host:
        return None
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_pass,
        tls_context(settings.smtp_ca_file),
        greeting=sender(settings).domain,
    )


def tls_context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise InvalidSettings("SMTP_CA_FILE holds no certificate (PEM); mend the file") from error


def sender(settings: Settings) -> Address:
    """Raises InvalidSettings."""
    try:
        header: Any = SMTP.header_factory("From", settings.smtp_from)
        (address,) = header.addresses
        if header.defects or not (address.username and address.domain) or not address.addr_spec.isascii():
            raise ValueError
    except (ValueError, MessageError) as error:
        raise InvalidSettings("SMTP_FROM is no address; write it as: Gazette <gazette@example.gov>") from error
    assert isinstance(address, Address)
    return address
