"""MAIL_DIRECTORY: mails as files, for development."""

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import update

from server.mail import transports
from server.mail.models import Mail
from server.settings import InvalidSettings
from tests.mail.posting import COMPOSE, mail_when, make_due, queue
from tests.servers import Servers
from tests.service import Service, make_settings


@pytest.fixture
def folder(own_service: Service) -> Path:
    own_service.app.composers.update(COMPOSE)
    assert own_service.settings.mail_directory is not None
    return own_service.settings.mail_directory


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_mail_becomes_a_file(own_service: Service, folder: Path) -> None:
    """Its name says when it was queued, what it is and which; only its owner reads it, and any mail program shows it."""
    id = await queue(own_service, name="Ada")
    await mail_when(own_service, id, lambda row: row.send_time)
    (path,) = files(folder)
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}-greeting-{id}\.eml", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["Subject"] == "Welcome, Ada"
    assert message["To"] == "ada@example.gov"


async def test_a_second_attempt(own_service: Service, folder: Path) -> None:
    """A mail that is written twice is one file."""
    id = await queue(own_service)
    await mail_when(own_service, id, lambda row: row.send_time)
    async with own_service.database.transaction() as connection:
        await connection.execute(update(Mail).where(Mail.id == id).values(send_time=None))
    await make_due(own_service, id)
    await mail_when(own_service, id, lambda row: row.send_time)
    assert len(files(folder)) == 1


async def test_a_folder_that_is_gone(own_service: Service, folder: Path) -> None:
    """A mail that cannot be written is put off, and says why."""
    await asyncio.to_thread(folder.rmdir)
    id = await queue(own_service)
    row = await mail_when(own_service, id, lambda row: row.failure)
    assert row.failure == "No such file or directory"
    assert row.next_attempt_time


def test_a_folder_that_cannot_be(servers: Servers, tmp_path: Path) -> None:
    """A folder that cannot be made stops the start."""
    (tmp_path / "file").touch()
    settings = make_settings(servers, "none", tmp_path, MAIL_DIRECTORY=str(tmp_path / "file" / "mail"))
    with pytest.raises(InvalidSettings, match=r"^MAIL_DIRECTORY cannot be made \(.*\); name"):
        transports.transport(settings)
