"""Reading the mails that the service has sent, and the links in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from sqlalchemy import select

from gazette.auth.v1 import password_pb2
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.models import PasswordResetRequest
from server.mail.models import Mail
from tests.auth.stored import rows
from tests.polling import until
from tests.service import Service


def arrived(service: Service, recipient: str) -> list[EmailMessage]:
    """What the recipient has got so far, the earliest first."""
    assert service.settings.mail_directory is not None
    return in_folder(service.settings.mail_directory, recipient)


def in_folder(directory: Path, recipient: str) -> list[EmailMessage]:
    paths = sorted(directory.glob("*.eml"), key=lambda path: path.stem[-36:])  # by id
    messages = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    return [message for message in messages if message["To"] == recipient]


async def mails(service: Service, recipient: str, *, count: int = 1) -> list[EmailMessage]:
    """What the recipient has got, once it is so many mails."""

    async def look() -> list[EmailMessage]:
        found = arrived(service, recipient)
        return found if len(found) >= count else []

    found = await until(look)
    assert len(found) == count
    return found


async def newest(service: Service, recipient: str, *, count: int = 1) -> EmailMessage:
    return (await mails(service, recipient, count=count))[-1]


async def settled(service: Service) -> Sequence[Mail]:
    """Waits until nothing is left to be found out or to be sent. All mails that there are, the earliest first."""

    async def is_settled() -> bool:
        asked = await rows(service, select(PasswordResetRequest.id))
        return not asked and not await rows(service, select(Mail.id).where(Mail.next_attempt_time.is_not(None)))

    await until(is_settled)
    return await rows(service, select(Mail.__table__).order_by(Mail.id))  # type: ignore[return-value]  # rows with the columns of a Mail


def part(message: EmailMessage, kind: str) -> str:
    """The mail's `plain` text or its `html`."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def url(message: EmailMessage) -> str:
    """The link, which stands on a line of its own."""
    (found,) = re.findall(r"^(http\S+)$", part(message, "plain"), re.MULTILINE)
    return str(found)


def token(message: EmailMessage) -> str:
    return url(message).partition("#token=")[2]


async def request_reset(service: Service, email: str) -> password_pb2.RequestPasswordResetResponse:
    return await AuthServiceStub(service.channel).RequestPasswordReset(password_pb2.RequestPasswordResetRequest(email=email))
