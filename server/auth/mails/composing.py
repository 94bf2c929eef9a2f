"""What the mails of auth say. Their words are in `templates/`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from server import organisations
from server.auth.accounts import queries as account_queries
from server.auth.links import queries as link_queries
from server.auth.links.mailed import Links
from server.auth.links.purposes import PURPOSES
from server.mail.letters import Composer, Letter
from server.mail.wording import Wording

letter = Wording("server.auth.mails").letter


def composers(links: Links) -> dict[str, Composer]:
    """Who writes which kind of mail."""
    site = urlsplit(links.public_url).netloc

    def notice(kind: str) -> Composer:
        async def compose(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter:
            return letter(kind, site=site, **parameters)

        return compose

    def with_link(purpose: str) -> Composer:
        async def compose(connection: AsyncConnection, parameters: Mapping[str, Any]) -> Letter | None:
            link = await link_queries.unused(connection, uuid.UUID(parameters["link_id"]), purpose, links.now())
            account = await account_queries.account(connection, link.account_id) if link else None
            if link is None or account is None or account.state != PURPOSES[purpose].state:
                return None
            return letter(
                purpose,
                site=site,
                url=links.url(purpose, link.id),
                expire_time=link.expire_time,
                name=account.name,
                inviter=await name_of(connection, parameters.get("inviter_id")),
                organisations=await names_of_organisations(connection, account.id),
            )

        return compose

    async def names_of_organisations(connection: AsyncConnection, account_id: uuid.UUID) -> list[str]:
        """The names of those that the account has a role in, the first one first."""
        grants = await account_queries.grants(connection, account_id)
        found = await organisations.existing_names(connection, filter(None, (each.organisation_id for each in grants)))
        return [each.name for each in found.values()]

    async def name_of(connection: AsyncConnection, account_id: str | None) -> str:
        """The name is looked up, and no parameter: the name of who invited must not stay in another account's mail."""
        account = await account_queries.account(connection, uuid.UUID(account_id)) if account_id else None
        return account.name if account else ""

    notices = ("email-changed", "email-taken", "password-changed", "totp-changed", "wrong-guesses")
    return {**{kind: notice(kind) for kind in notices}, **{purpose: with_link(purpose) for purpose in PURPOSES}}
