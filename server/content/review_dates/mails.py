"""What people are told of pages that must be looked at again. Their words are in `templates/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from server.mail.letters import Composer, Letter
from server.mail.wording import Wording
from server.stores.statements import Row

DUE = "review-due"
MOST = 30
"""Pages that a mail names; of the others it says how many they are."""
letter = Wording("server.content.review_dates").letter


def parameters(name: str, documents: Sequence[Row]) -> dict[str, Any]:
    named = [{"title": each.title, "path": each.path} for each in documents[:MOST]]
    return {"name": name, "documents": named, "more": len(documents) - len(named)}


def composers(public_url: str) -> dict[str, Composer]:
    """Who writes which kind of mail."""
    site = urlsplit(public_url).netloc

    async def compose(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
        return letter(DUE, site=site, **parameters)

    return {DUE: compose}
