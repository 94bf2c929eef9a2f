"""What the mails of auth say. Their words are templates in `mails/`: paragraphs of plain text, from which the HTML is made too.

Names are chosen by people, and some would like a mail of ours to say something else: in HTML they are escaped, and nothing that
a mail program could take for a link, a line or a direction of writing is left of them.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.accounts import queries as account_queries
from server.auth.links import queries as link_queries
from server.auth.links.links import PURPOSES, Links
from server.mail.letters import Composer, Letter
from server.rpc.failures import cut

WIDTH = 76
MAX_NAME = 80
PUNCTUATION = frozenset(".,'’-–&()·")
"""What a name may have beside letters, marks, digits and spaces."""
DOT = re.compile(r"\.(?=\w)")


def plain(name: str) -> str:
    """The name without what could be read as anything but a name: `J.R.R. Tolkien` as `J. R. R. Tolkien`, `https://evil.example/`
    as `httpsevil. example`."""
    kept = (each if is_plain(each) else " " for each in name if each not in "/:@")
    return cut(DOT.sub(". ", " ".join("".join(kept).split())), MAX_NAME) or "somebody"


def is_plain(character: str) -> bool:
    return character in PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def listed(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def in_words(moment: datetime) -> str:
    """UTC, such as `Tuesday 3 March 2026, 12:00 UTC`."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"


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
    """By kind of mail."""
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
                organisations=await link_queries.organisations(connection, account.id),
            )

        return compose

    async def name_of(connection: AsyncConnection, account_id: str | None) -> str:
        """Looked up, and not a parameter: the name of who invited must not stay in another account's mail."""
        account = await account_queries.account(connection, uuid.UUID(account_id)) if account_id else None
        return account.name if account else ""

    notices = ("email-changed", "email-taken", "password-changed", "totp-changed")
    return {**{kind: notice(kind) for kind in notices}, **{purpose: with_link(purpose) for purpose in PURPOSES}}
