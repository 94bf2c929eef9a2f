"""The chain: what digests and hashes cover, and what is wrong with an event that does not fit."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from gazette.audit.v1.audit_service_pb2 import (
    AUDIT_PROBLEM_KIND_ALTERED,
    AUDIT_PROBLEM_KIND_MISSING,
    AUDIT_PROBLEM_KIND_PERSONAL_DATA_ALTERED,
    AUDIT_PROBLEM_KIND_PERSONAL_DATA_MISSING,
    AUDIT_PROBLEM_KIND_UNSPECIFIED,
    AuditProblem,
    AuditProblemKind,
)
from server.rpc import failures

BEGINNING = bytes(32)
"""What stands before the first event, where others have the hash of the one before."""
BODY = ("action", "actor_id", "target", "organisation_id", "request_id", "details", "personal_hash")
"""What is known of an event before the database says when it is written."""
HASHED = ("number", "event_time", *BODY)
TIME_FORMAT = """'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'"""
"""A time in UTC as `text` writes it, in the words of PostgreSQL's to_char."""
ERASURE = "account.erase"
"""The action whose target is an account of which nothing personal is left."""
SLACK = timedelta(minutes=1)
"""By how much what was erased may be later than its erasure: that is written early in its transaction, and clocks go back."""


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


def body(event: Mapping[str, Any]) -> bytes:
    """SHA-256 of all of the event but its time."""
    return hashlib.sha256(canonical({name: event[name] for name in BODY})).digest()


def digest(event: Mapping[str, Any]) -> bytes:
    """What is stored beside an event until it is sealed. The database computes it too, as it is the one who says the time."""
    return hashlib.sha256(body(event) + text(event["event_time"]).encode()).digest()


def seal(previous: bytes, number: int, digest_kept: bytes, event: Mapping[str, Any] | None) -> bytes:
    """The hash of the event that comes after the hash `previous`; None: it is gone. One that is gone, or was altered since it
    was written, keeps its place, by a hash that no event fits."""
    if event is None or digest(event) != digest_kept:
        return hashlib.sha256(previous + digest_kept).digest()
    return event_hash(previous, {**event, "number": number})


def event_hash(previous: bytes, event: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(previous + canonical({name: event[name] for name in HASHED})).digest()


def personal_hash(salt: bytes, data: Mapping[str, Any]) -> bytes:
    return hmac.digest(salt, canonical(data), "sha256")


def concerned(event: Mapping[str, Any]) -> set[str]:
    """Whose erasure takes the event's personal data, if it is the id of an account. The event of an erasure itself keeps it."""
    details = event["details"] if isinstance(event["details"], Mapping) else {}
    ids = {str(each) for each in (event["actor_id"], event["target"], details.get("account_id")) if each}
    return ids - {event["target"]} if event["action"] == ERASURE else ids


def problem(event: Mapping[str, Any], number: int, previous: bytes, erasures: Mapping[str, datetime]) -> AuditProblem | None:
    """What is wrong with the event that comes where `number` is due, after the hash `previous`. It has the columns of the seal,
    those of the event, None if that is gone, and `salt` and `data` of what is personal, None where there is nothing. `erasures`
    has the times at which accounts were last erased."""
    if event["number"] > number:
        return AuditProblem(number=number, kind=AUDIT_PROBLEM_KIND_MISSING)
    if event["id"] is None:
        kind = AUDIT_PROBLEM_KIND_MISSING
    elif event["number"] < number or event["hash"] != event_hash(previous, event):
        kind = AUDIT_PROBLEM_KIND_ALTERED
    else:
        kind = personal_problem(event, erasures)
    return AuditProblem(number=event["number"], kind=kind, event_id=str(event["event_id"])) if kind else None


def unsealed_problem(event: Mapping[str, Any], erasures: Mapping[str, datetime]) -> AuditProblem | None:
    """What is wrong with an event that waits for its seal: a row of the list with what `problem` wants beside it."""
    if event["id"] is None:
        kind = AUDIT_PROBLEM_KIND_MISSING
    elif event["digest"] != digest(event):
        kind = AUDIT_PROBLEM_KIND_ALTERED
    else:
        kind = personal_problem(event, erasures)
    return AuditProblem(kind=kind, event_id=str(event["event_id"])) if kind else None


def personal_problem(event: Mapping[str, Any], erasures: Mapping[str, datetime]) -> AuditProblemKind.ValueType:
    """0 if all is as it was written, or was erased with an account."""
    if event["salt"] is not None:
        fits = event["personal_hash"] == personal_hash(event["salt"], event["data"])
        return AUDIT_PROBLEM_KIND_UNSPECIFIED if fits else AUDIT_PROBLEM_KIND_PERSONAL_DATA_ALTERED
    if event["personal_hash"] is None or is_erased(event, erasures):
        return AUDIT_PROBLEM_KIND_UNSPECIFIED
    return AUDIT_PROBLEM_KIND_PERSONAL_DATA_MISSING


def is_erased(event: Mapping[str, Any], erasures: Mapping[str, datetime]) -> bool:
    """Whether an account that it concerns was erased since."""
    times = [erasures[each] for each in concerned(event) if each in erasures]
    return any(time > event["event_time"] - SLACK for time in times)
