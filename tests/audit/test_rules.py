"""What an event's hash covers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from server.audit import rules as audit_rules

EVENT: dict[str, Any] = {
    "number": 1,
    "event_time": datetime(2026, 3, 3, 12, tzinfo=UTC),
    "action": "grant.add",
    "actor_id": uuid.UUID(int=1),
    "target": "é",
    "organisation_id": None,
    "request_id": "r",
    "details": {"b": [1, True, None], "a": {"d": "", "c": "ü"}},
    "personal_hash": b"\x01\xff",
}


def test_the_canonical_text_is_this() -> None:
    """Members stand in order, without spaces, in UTF-8: others can compute the same hash from the contract's words."""
    assert audit_rules.canonical({name: EVENT[name] for name in audit_rules.HASHED}).decode() == (
        '{"action":"grant.add","actor_id":"00000000-0000-0000-0000-000000000001","details":{"a":{"c":"ü","d":""},'
        '"b":[1,true,null]},"event_time":"2026-03-03T12:00:00.000000+00:00","number":1,"organisation_id":null,'
        '"personal_hash":"01ff","request_id":"r","target":"é"}'
    )


@pytest.mark.parametrize("name", audit_rules.HASHED)
def test_every_column_counts(name: str) -> None:
    """A change of any column changes the hash."""
    other = {"number": 2, "event_time": EVENT["event_time"] + timedelta(microseconds=1), "personal_hash": None}
    changed = {**EVENT, name: other.get(name, "other")}
    assert audit_rules.event_hash(audit_rules.BEGINNING, changed) != audit_rules.event_hash(audit_rules.BEGINNING, EVENT)


def test_what_was_before_counts() -> None:
    """The same event has another hash at another place in the chain."""
    assert audit_rules.event_hash(b"\1" * 32, EVENT) != audit_rules.event_hash(audit_rules.BEGINNING, EVENT)


@pytest.mark.parametrize("name", [name for name in audit_rules.HASHED if name != "number"])
def test_every_column_but_the_number_counts_before_there_is_one(name: str) -> None:
    """A change of any column changes the digest that stands beside an event until it has a seal, and a number."""
    other = {"event_time": EVENT["event_time"] + timedelta(microseconds=1), "personal_hash": None}
    assert audit_rules.digest({**EVENT, name: other.get(name, "other")}) != audit_rules.digest(EVENT)
    assert audit_rules.digest({**EVENT, "number": 2}) == audit_rules.digest(EVENT)


def test_what_is_as_it_was_written_is_sealed_by_its_hash() -> None:
    """An event that fits its digest is sealed by its hash in the chain; one that does not, or is gone, by what fits none."""
    digest, other = audit_rules.digest(EVENT), {**EVENT, "target": "other"}
    assert audit_rules.seal(audit_rules.BEGINNING, 1, digest, EVENT) == audit_rules.event_hash(audit_rules.BEGINNING, EVENT)
    altered = audit_rules.seal(audit_rules.BEGINNING, 1, digest, other)
    assert altered == audit_rules.seal(audit_rules.BEGINNING, 1, digest, None)
    assert altered not in {audit_rules.event_hash(audit_rules.BEGINNING, each) for each in (EVENT, other)}


def test_a_time_is_the_same_in_every_zone() -> None:
    """A connection that shows times in another zone computes the same hash."""
    elsewhere = {**EVENT, "event_time": EVENT["event_time"].astimezone(timezone(timedelta(hours=5)))}
    assert audit_rules.event_hash(audit_rules.BEGINNING, elsewhere) == audit_rules.event_hash(audit_rules.BEGINNING, EVENT)


@pytest.mark.parametrize(
    "value",
    [0.5, 1e22, float("nan"), float("inf"), {"a": [1.0]}, object(), {1, 2}],
    ids=["half", "large", "nan", "infinite", "inside", "object", "set"],
)
def test_what_may_come_back_in_another_form_is_refused(value: Any) -> None:
    """Fractions, which the database writes in its own way, and what is no JSON cannot be chained."""
    with pytest.raises(TypeError, match="the audit takes no"):
        audit_rules.plain({"value": value})


def test_ids_are_taken_as_they_are() -> None:
    """A caller need not write ids as text, nor tuples as lists."""
    assert audit_rules.plain({"id": uuid.UUID(int=1), "fields": ("a", "b")}) == {
        "id": str(uuid.UUID(int=1)),
        "fields": ["a", "b"],
    }


def test_without_the_salt_a_guess_cannot_be_checked() -> None:
    """The hash of personal data depends on its salt: of the same address there are as many hashes as events."""
    assert audit_rules.personal_hash(b"a" * 32, {"address": "192.0.2.1"}) != audit_rules.personal_hash(
        b"b" * 32, {"address": "192.0.2.1"}
    )
