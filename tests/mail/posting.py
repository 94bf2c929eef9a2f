"""A service that sends by a mail server of the tests, and kinds of mail to send."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server import mail as mails
from server.app import App
from server.mail.letters import Letter
from server.mail.models import Mail
from server.stores.postgres import AnyRow
from tests.mail.post_office import PASSWORD, USER
from tests.polling import until
from tests.servers import Servers
from tests.service import Service, running

SECRET = "a-token-that-is-nowhere-but-in-the-mail"


async def greeting(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
    name = parameters["name"]
    return Letter(f"Welcome, {name}", f"Dear {name},\n\n{SECRET}\n", f"<p>Dear {escape(name)},</p><p>{SECRET}</p>")


async def unwanted(connection: AsyncConnection, parameters: Mapping[str, Any]) -> None:
    """Was used, let us say."""


async def broken(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
    raise KeyError("name")


COMPOSE = {"greeting": greeting, "unwanted": unwanted, "broken": broken}


@asynccontextmanager
async def posting(servers: Servers, template: str, directory: Path, port: int, **changed: str) -> AsyncIterator[Service]:
    given = {
        "MAIL_DIRECTORY": "",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_USER": USER,
        "SMTP_PASS": PASSWORD,
        "SMTP_FROM": "The Gazette <gazette@example.gov>",
    }
    async with running(servers, template, directory, **{**given, **changed}) as service:
        service.app.composers.update(COMPOSE)
        yield service


async def queue(service: Service, recipient: str = "ada@example.gov", kind: str = "greeting", **parameters: Any) -> uuid.UUID:
    async with service.database.transaction() as connection:
        return await mails.add(connection, kind, recipient, **({"name": "Ada"} | parameters))


async def mail(service: Service, id: uuid.UUID) -> AnyRow:
    async with service.database.read() as connection:
        return (await connection.execute(select(Mail.__table__).where(Mail.id == id))).one()


async def mail_when(service: Service, id: uuid.UUID, condition: Callable[[AnyRow], object]) -> AnyRow:
    """The mail as soon as this is true of it."""

    async def look() -> AnyRow | None:
        row = await mail(service, id)
        return row if condition(row) else None

    row = await until(look)
    assert row is not None
    return row


async def pause(service: Service, id: uuid.UUID) -> float:
    """For how many minutes from now on a mail waits."""
    async with service.database.read() as connection:
        waits = select(text("extract(epoch FROM next_attempt_time - now()) / 60")).select_from(Mail).where(Mail.id == id)
        return float((await connection.execute(waits)).scalar_one())


async def make_due(service: Service, id: uuid.UUID) -> None:
    """Lets a mail's pause go by."""
    async with service.database.transaction() as connection:
        await connection.execute(update(Mail).where(Mail.id == id).values(next_attempt_time=text("now()"), failure=None))
    wake(service.app)


def wake(app: App) -> None:
    next(job for job in app.jobs if job.name == "mail").wake()
