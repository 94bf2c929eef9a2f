"""What people are told of publications by force. The words are in `templates/`."""

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
from server.stores.postgres import AnyRow

FORCED = "forced-publication"
letter = Wording("server.content.review").letter


async def send(connection: AsyncConnection, people: Mapping[uuid.UUID, Person], document: AnyRow) -> None:
    """Queues a mail for each of the people who has an address."""
    about = {"title": document.title, "path": document.live_path, "reason": document.force_reason}
    about["force_time"] = document.force_time.isoformat()
    for id, person in people.items():
        if person.email:
            await mail.add(connection, FORCED, person.email, account_id=id, name=person.name, **about)


def composers(public_url: str) -> dict[str, Composer]:
    """Who writes which kind of mail."""
    site = urlsplit(public_url).netloc

    async def compose(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
        return letter(FORCED, site=site, **{**parameters, "force_time": datetime.fromisoformat(parameters["force_time"])})

    return {FORCED: compose}
