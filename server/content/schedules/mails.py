"""What people are told of schedules: that what was due did not happen, or will not. Their words are in `templates/`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from server import mail
from server.mail.letters import Composer, Letter
from server.mail.wording import Wording
from server.process.domains import Person
from server.stores.statements import Row

FAILED, VOID = "schedule-failed", "schedule-void"
letter = Wording("server.content.schedules").letter


async def send(
    connection: AsyncConnection,
    kind: str,
    people: Mapping[uuid.UUID, Person],
    document: Row,
    due_time: datetime,
    **parameters: Any,
) -> None:
    """Queues a mail for each of the people who has an address."""
    about = {"title": document.title, "path": document.path, "due_time": due_time.isoformat()}
    for id, person in people.items():
        if person.email:
            named = {**about, "name": person.name, **parameters}
            await mail.add(connection, kind, person.email, account_id=id, **named)


def composers(public_url: str) -> dict[str, Composer]:
    """Who writes which kind of mail."""
    site = urlsplit(public_url).netloc

    def notice(kind: str) -> Composer:
        async def compose(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
            return letter(kind, site=site, **{**parameters, "due_time": datetime.fromisoformat(parameters["due_time"])})

        return compose

    return {kind: notice(kind) for kind in (FAILED, VOID)}
