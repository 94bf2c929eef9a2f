"""What the mails of auth say. Their words are in `templates/`: paragraphs of plain text, from which the HTML is made too."""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.ext.asyncio import AsyncConnection

from server import organisations
from server.auth.accounts import queries as account_queries
from server.auth.links import queries as link_queries
from server.auth.links.mailed import Links
from server.auth.links.purposes import PURPOSES
from server.auth.mails.words import in_words, listed, plain
from server.mail.letters import Composer, Letter

WIDTH = 76

environment = Environment(
    loader=PackageLoader("server.auth.mails", "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters.update(plain=plain, listed=listed, in_words=in_words)


def letter(kind: str, **values: Any) -> Letter:
    """The words of one kind of mail. Where `values` have a `url`, it stands in a paragraph of its own."""
    template = environment.get_template(f"{kind}.txt").make_module(values)
    paragraphs = [" ".join(paragraph.split()) for paragraph in str(template).split("\n\n")]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    subject: str = template.subject  # type: ignore[attr-defined]  # which the template sets
    layout = environment.get_template("layout.html")
    text = "\n\n".join(textwrap.fill(each, WIDTH, break_long_words=False, break_on_hyphens=False) for each in paragraphs)
    html = layout.render(subject=subject, action=getattr(template, "action", ""), paragraphs=paragraphs, url=values.get("url"))
    return Letter(subject, text + "\n", html)


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
