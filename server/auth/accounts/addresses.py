"""Mail addresses: each mailbox is written in one way, so that it is one account's.

The domain is stored and compared in ASCII, by IDNA 2008 (RFC 5891, UTS 46 without its transitional mappings): as mail servers
look it up. The part before the @ is the mail server's own affair, and stays as it was given, but for what cannot be seen.
"""

from __future__ import annotations

import re
import unicodedata

import idna

MAX_EMAIL, MAX_LOCAL = 254, 64
"""Bytes, of the address as it is sent (RFC 5321 section 4.5.3.1)."""
ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
"""What need not be quoted (RFC 5322 section 3.2.3). Nobody's address has quotes, and look-alikes have them."""
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
"""Letters and marks that show nothing; all else that does not is no printable character."""
DOTS = re.compile("[\u3002\uff0e\uff61]")
"""Dots to those who look up domains (RFC 3490), and to nobody else."""


def canonical(address: str) -> str:
    """The address as it is stored. Raises ValueError unless mail can go there."""
    local, _, domain = address.rpartition("@")
    name = ascii_domain(domain)
    is_visible = address.isprintable() and INVISIBLE.search(address) is None
    is_plain = unicodedata.is_normalized("NFKC", local) and ATOM.fullmatch(local) is not None
    found = f"{local}@{name}"
    if not (is_visible and is_plain and len(local.encode()) <= MAX_LOCAL and len(found.encode()) <= MAX_EMAIL):
        raise ValueError("is no address")
    return found


def is_canonical(address: str) -> bool:
    """Whether the address is written as it would be stored."""
    try:
        return canonical(address).lower() == address.lower()
    except ValueError:
        return False


def ascii_domain(domain: str) -> str:
    """The domain's name as it is looked up. Raises ValueError unless there can be one of at least two labels."""
    composed = unicodedata.normalize("NFC", domain)
    if DOTS.search(composed) or not unicodedata.is_normalized("NFKC", composed):
        raise ValueError("is no domain")
    name = idna.encode(composed, uts46=True, transitional=False, std3_rules=True).decode("ascii")
    *above, top = name.split(".")
    if not above or not top or top.isdecimal():
        raise ValueError("is no domain that mail can go to")
    return name


def asked(address: str) -> str:
    """The address as it is looked for, however somebody types it. What is none is looked for as it is, and found by nobody who
    was invited since there are rules."""
    normal = DOTS.sub(".", unicodedata.normalize("NFKC", address.strip()))
    try:
        return canonical(normal)
    except ValueError:
        return address.strip()


def readable(address: str) -> str:
    """The address with its domain as people read it."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except ValueError:
        return address
