"""Page tokens: where a list goes on. Opaque, signed, and of use only to the same caller with the same filter, for a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from server import errors

LIFETIME = 86400  # seconds
SIGNATURE_BYTES = 16


class InvalidPageToken(errors.InvalidArgument):
    """The token is not ours, or not for this query."""

    reason = "INVALID_PAGE_TOKEN"

    def __init__(self) -> None:
        super().__init__(errors.Violation("page_token", "is not a next_page_token of this query; begin again without one"))


@dataclass(frozen=True)
class Paging:
    """Makes and reads page tokens under a key of their own, derived from the service's secret."""

    key: bytes
    now: Callable[[], float] = time.time

    @classmethod
    def under(cls, secret: str) -> Paging:
        return cls(hmac.digest(secret.encode(), b"gazette page tokens", "sha256"))

    def token(self, request: Message, caller_id: str, *position: Any) -> str:
        """The token with which the same caller and filter go on after `position`: the sort key of the last row, JSON values."""
        body = json.dumps([int(self.now()) + LIFETIME, *position], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self.signature(body, request, caller_id) + body).decode()

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
        signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self.signature(body, request, caller_id)):
            raise InvalidPageToken
        expire_time, *position = json.loads(body)
        if expire_time < self.now():
            raise InvalidPageToken
        return list(position)

    def signature(self, body: bytes, request: Message, caller_id: str) -> bytes:
        filter = type(request)()
        filter.CopyFrom(request)
        filter.ClearField("page_token")
        filter.ClearField("page_size")
        bound = b"\0".join(
            (type(request).DESCRIPTOR.full_name.encode(), caller_id.encode(), filter.SerializeToString(deterministic=True))
        )
        return hmac.digest(self.key, hashlib.sha256(bound).digest() + body, "sha256")[:SIGNATURE_BYTES]
