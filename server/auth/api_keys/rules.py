"""Decisions about API keys: how they look, how long they hold, what they may do."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
import zlib
from datetime import datetime, timedelta
from typing import Any

from gazette.auth.v1.account_pb2 import AccountKind
from server.auth.failures import InvalidApiKey, NotAService
from server.rpc import failures
from server.rpc.failures import Violation

PREFIX = "gaz_"
"""What distinguishes a key from an access token, and lets those find it who scan for secrets that leaked."""
FORM = re.compile(r"(gaz_([0-9a-z-]{1,36})_[0-9a-f]{64})_([0-9a-f]{8})")
SECRET_BYTES = 32
NAMESPACE = uuid.UUID("6a5d1f0e-4a0b-5b8e-9d0a-6f2c1b7e9a33")
"""The namespace in which a key's name that is no UUID makes one (RFC 9562 section 5.5)."""

LIFETIME = timedelta(days=365)
LONGEST = timedelta(days=731)
OVERLAP = timedelta(hours=24)
"""For how long a replaced key holds, unless the request says otherwise."""


def make(key_id: uuid.UUID) -> str:
    """A new key: its id, 32 random bytes, and a checksum (CRC-32), so that a typing error costs no question to the database."""
    body = f"{PREFIX}{key_id.hex}_{secrets.token_hex(SECRET_BYTES)}"
    return f"{body}_{checksum(body)}"


def id_of(key: str) -> uuid.UUID:
    """The id that stands in the key. Raises InvalidApiKey for what has not a key's form, or not its checksum."""
    match = FORM.fullmatch(key)
    if match is None or checksum(match[1]) != match[3]:
        raise InvalidApiKey
    try:
        return uuid.UUID(match[2])
    except ValueError:
        return uuid.uuid5(NAMESPACE, match[2])  # of a key that was not made by `make`, such as the sample


def checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def digest(key: str) -> bytes:
    """What is stored of a key. It needs no salt: nobody can try 32 random bytes."""
    return hashlib.sha256(key.encode()).digest()


def expire_time(now: datetime, given: datetime | None) -> datetime:
    """When a new key ends. Raises InvalidArgument."""
    if given is None:
        return now + LIFETIME
    if not now < given <= now + LONGEST:
        raise failures.InvalidArgument(Violation("expire_time", f"is not between now and {LONGEST.days} days from now"))
    return given


def check_service(account: Any) -> None:
    """Raises NotAService."""
    if account.kind != AccountKind.ACCOUNT_KIND_SERVICE:
        raise NotAService
