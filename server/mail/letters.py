"""What a domain writes for a kind of mail, and how a letter becomes a message that can travel."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any

import idna
from sqlalchemy.ext.asyncio import AsyncConnection

from server.stores.postgres import AnyRow

ENCODED = "=?"
"""Begins an encoded word (RFC 2047), which `email` decodes in what a header is set to, line breaks included."""
DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class Letter:
    """The same words twice: as plain text, and as HTML for those whose programs show it."""

    subject: str
    text: str
    html: str


Composer = Callable[[AsyncConnection, Mapping[str, Any]], Awaitable[Letter | None]]
"""Writes one kind of mail when it is sent, from the parameters that it was queued with; None: it is no longer worth sending, as
when its link was used. The connection is for reading."""


@dataclass(frozen=True)
class Message:
    """A letter on its way: the envelope (RFC 5321) and what is in it (RFC 5322)."""

    name: str
    """For a file: when it was queued, its kind and its id."""
    sender: str
    recipient: str
    content: bytes

    @property
    def is_international(self) -> bool:
        """Whether its recipient's address can only be written in UTF-8 (RFC 6531)."""
        return not self.recipient.isascii()


def message(mail: AnyRow, letter: Letter, sender: Address) -> Message:
    """The same mail has the same Message-ID and date in every attempt, so whoever gets it twice can tell. Raises ValueError for
    a recipient that is no address."""
    recipient = address(mail.recipient)
    policy = SMTP.clone(cte_type="7bit") if recipient.addr_spec.isascii() else SMTPUTF8
    content = EmailMessage(policy=policy)
    content["From"] = sender
    content["To"] = recipient
    content["Subject"] = one_line(letter.subject)
    content["Date"] = mail.create_time
    content["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    content["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine is to answer
    content.set_content(letter.text)
    content.add_alternative(letter.html, subtype="html")
    name = f"{mail.create_time:%Y%m%dT%H%M%S}-{mail.kind}-{mail.id}"
    return Message(name, sender.addr_spec, recipient.addr_spec, content.as_bytes())


def address(text: str) -> Address:
    """An address with whatever is special in it quoted, and its domain in ASCII (RFC 5890). Raises ValueError."""
    username, _, domain = text.rpartition("@")
    domain = domain if domain.isascii() else ascii_domain(domain)
    if not username or not username.isprintable() or ENCODED in username or DOMAIN.fullmatch(domain) is None:
        raise ValueError("is no address")
    return Address(username=username, domain=domain)


def ascii_domain(domain: str) -> str:
    """The domain as it is looked up, by IDNA 2008: that of 2003 leads to another one for some. Raises ValueError."""
    try:
        return idna.encode(domain, uts46=True, transitional=False, std3_rules=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError("is no address") from error


def one_line(text: str) -> str:
    """Without line breaks and control characters, which would end a header and begin another; written out or encoded."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.replace(ENCODED, "= ?").split())
