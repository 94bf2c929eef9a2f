"""Page tokens: where a list goes on. Opaque, signed, and of use only to the same caller with the same filter, for a day."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from google.protobuf.message import Message

from server.rpc import failures
from server.rpc.signing import Keys

LIFETIME = 86400  # seconds
SIGNATURE_BYTES = 16
LABEL = b"gazette page tokens"
NO_FILTER = ("page_token", "page_size", "min_record_number", "with_count")
"""Fields of a list request that may change from page to page."""

Row = TypeVar("Row")


class InvalidPageToken(failures.InvalidArgument):
    """The token is not ours, or not for this query."""

    reason = "INVALID_PAGE_TOKEN"

    def __init__(self) -> None:
        super().__init__(failures.Violation("page_token", "is not a `next_page_token` of this query; begin again without one"))


@dataclass(frozen=True)
class Page:
    """The page that a request asks for: where it begins, how long it is, and what leads on from it."""

    size: int
    position: Sequence[Any] | None
    """The sort key of the last row of the page before; None at the beginning."""
    token: Callable[..., str]
    """The `next_page_token` that goes on after a sort key."""

    @property
    def limit(self) -> int:
        """How many rows to ask for: the one too many tells that there is a next page."""
        return self.size + 1

    @property
    def after(self) -> Any:
        """The first part of the position; None at the beginning."""
        return self.position[0] if self.position else None

    @property
    def after_id(self) -> uuid.UUID | None:
        """The same, where it is an id."""
        try:
            return uuid.UUID(self.after) if self.position else None
        except (AttributeError, ValueError):  # a token of the release before, which went by another key
            raise InvalidPageToken from None

    def cut(self, rows: Sequence[Row], key: Callable[[Row], tuple[Any, ...]]) -> tuple[Sequence[Row], str]:
        """The rows of this page, and its `next_page_token`. `key` is a row's sort key: JSON values or ids."""
        if len(rows) <= self.size:
            return rows, ""
        return rows[: self.size], self.token(*key(rows[self.size - 1]))


@dataclass(frozen=True)
class Paging:
    """Makes and reads page tokens."""

    keys: Keys
    now: Callable[[], float] = time.time

    @classmethod
    def from_secrets(cls, *secrets: str) -> Paging:
        """As `Keys.derived` takes them."""
        return cls(Keys.derived(LABEL, *secrets))

    def page(self, request: Any, caller_id: uuid.UUID | str, size: int) -> Page:
        """The page that a list request asks for, of this size unless it says another. Raises InvalidPageToken."""
        position = self.position(request, str(caller_id))
        return Page(request.page_size or size, position, partial(self.token, request, str(caller_id)))

    def token(self, request: Message, caller_id: str, *position: Any) -> str:
        """The token with which the same caller and filter go on after `position`: the sort key of the last row, JSON values or
        ids."""
        body = json.dumps([int(self.now()) + LIFETIME, *position], separators=(",", ":"), default=str).encode()
        return base64.urlsafe_b64encode(self.keys.signature(bound(body, request, caller_id), SIGNATURE_BYTES) + body).decode()

    def position(self, request: Message, caller_id: str) -> list[Any] | None:
        """Where the request's `page_token` says to go on, or None at the beginning. Raises InvalidPageToken."""
        token: str = getattr(request, "page_token")  # noqa: B009 - any list request has one; Message does not say so
        if not token:
            return None
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            raise InvalidPageToken from None
        if base64.urlsafe_b64encode(raw).decode() != token:  # unused bits of the last character would go unnoticed
            raise InvalidPageToken
        given, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not self.keys.hold(given, bound(body, request, caller_id), SIGNATURE_BYTES):
            raise InvalidPageToken
        expire_time, *position = json.loads(body)
        if expire_time < self.now():
            raise InvalidPageToken
        return list(position)


def bound(body: bytes, request: Message, caller_id: str) -> bytes:
    """What is signed: the body, and whose token it is of which query."""
    filter = type(request)()
    filter.CopyFrom(request)
    for name in NO_FILTER:
        if name in filter.DESCRIPTOR.fields_by_name:
            filter.ClearField(name)
    query = (type(request).DESCRIPTOR.full_name.encode(), caller_id.encode(), filter.SerializeToString(deterministic=True))
    return hashlib.sha256(b"\0".join(query)).digest() + body
