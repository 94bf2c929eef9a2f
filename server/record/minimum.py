"""The entry of the record that a read must not be older than: for who has just published, and reads elsewhere."""

from __future__ import annotations

from typing import Any

from server.rpc.call import Call
from server.rpc.failures import InvalidArgument, Violation

HEADER = "x-min-record-number"
GREATEST = 2**63 - 1
DIGITS = 19


def minimum(request: Any, call: Call) -> int:
    """The number that the request asks for as `min_record_number`, or its metadata, if that is greater; 0 if neither does.
    Raises InvalidArgument."""
    said = call.metadata.get(HEADER)
    asked: int = request.min_record_number
    return asked if said is None else max(asked, number(said))


def number(said: str) -> int:
    """Raises InvalidArgument for what is no number of the record."""
    if not (said.isascii() and said.isdigit() and len(said) <= DIGITS and int(said) <= GREATEST):
        raise InvalidArgument(Violation(HEADER, f"must be a number from 0 to {GREATEST}"))
    return int(said)
