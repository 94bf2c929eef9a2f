"""The chain: what an event's hash covers, and what is wrong with one that does not fit."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from gazette.audit.v1.audit_service_pb2 import (
    AUDIT_PROBLEM_KIND_ALTERED,
    AUDIT_PROBLEM_KIND_MISSING,
    AUDIT_PROBLEM_KIND_PERSONAL_DATA_ALTERED,
    AuditProblem,
)
from server.rpc import failures

BEGINNING = bytes(32)
"""What stands before the first event, where others have the hash of the one before."""
HASHED = ("number", "event_time", "action", "actor_id", "target", "organisation_id", "request_id", "details", "personal_hash")


def check_known(number: int, sha256: str) -> None:
    """Raises InvalidArgument unless what was noted is a number with its hash, or nothing."""
    if bool(number) != bool(sha256):
        field, other = ("known_sha256", "known_number") if number else ("known_number", "known_sha256")
        raise failures.InvalidArgument(failures.Violation(field, f"is missing beside {other}"))


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: keys in order, no spaces, UTF-8; times in UTC to the microsecond, bytes in hexadecimal."""
    return json.dumps(value, default=text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def text(value: Any) -> str:
    match value:
        case uuid.UUID():
            return str(value)
        case bytes():
            return value.hex()
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"the audit takes no {type(value).__name__}")


def plain(value: Any) -> Any:
    """The value as the database will give it back. Raises TypeError for what may come back in another form: a float, and what
    is no JSON."""
    return json.loads(canonical(value), parse_float=refuse, parse_constant=refuse)


def refuse(number: str) -> NoReturn:
    raise TypeError(f"the audit takes no fractions: {number}")


def event_hash(previous: bytes, event: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(previous + canonical({name: event[name] for name in HASHED})).digest()


def personal_hash(salt: bytes, data: Mapping[str, Any]) -> bytes:
    return hmac.digest(salt, canonical(data), "sha256")


def problem(event: Mapping[str, Any], number: int, previous: bytes) -> AuditProblem | None:
    """What is wrong with the event that comes where `number` is due, after the hash `previous`. Beside its own columns it has
    the `salt` and the `data` of what is personal; None where there was nothing, or it was erased."""
    if event["number"] > number:
        return AuditProblem(number=number, kind=AUDIT_PROBLEM_KIND_MISSING)
    if event["number"] < number or event["hash"] != event_hash(previous, event):
        return AuditProblem(number=event["number"], kind=AUDIT_PROBLEM_KIND_ALTERED)
    if event["salt"] is not None and event["personal_hash"] != personal_hash(event["salt"], event["data"]):
        return AuditProblem(number=number, kind=AUDIT_PROBLEM_KIND_PERSONAL_DATA_ALTERED)
    return None
