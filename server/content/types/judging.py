"""Holding documents against a content type, many at once: what other processes do of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from server.content.checks.flaws import Flaw, Subject, found, validator
from server.content.types.moving import Stored, moved, parts_of, since
from server.rpc.answers import MOST_OF_ONE

MAX_NESTING = 16
"""As requests may nest (`server.rpc.requests.validation`, which takes long to import)."""
IN_THE_WAY = "is there already, and says something else than what is to be moved there"
TOO_DEEP = f"would nest more than {MAX_NESTING} deep"
TOO_LARGE = f"would make a document of more than {MOST_OF_ONE} bytes"


class Terms(NamedTuple):
    """What of a content type documents are held against."""

    schema: str
    """As JSON; empty allows everything."""
    body_member: str
    moves: Sequence[Stored]
    """All that it has made, or would have."""


class Saved(NamedTuple):
    """What a revision says, as it was saved."""

    details: str
    """As JSON."""
    version: int | None
    """Of the content type, by which it was saved."""
    body: str
    is_draft: bool
    """Whether its author may go on with it, and so may lack something."""
    size_bytes: int


class Verdict(NamedTuple):
    """What is wrong with a revision."""

    flaws: list[Flaw]
    is_already: bool
    """Whether it is wrong by the terms before, too."""
    is_unmovable: bool


def verdicts(now: Terms, before: Terms, revisions: Sequence[Saved]) -> list[Verdict | None]:
    """Of each; None if it is right. InvalidSchema is not raised: both schemas were taken."""
    return [verdict(now, before, each) for each in revisions]


def verdict(now: Terms, before: Terms, revision: Saved) -> Verdict | None:
    unmovable, wrong = flaws_of(now, revision)
    if not (unmovable or wrong):
        return None
    if now == before:
        return Verdict([*unmovable, *wrong], is_already=True, is_unmovable=False)
    unmovable_before, wrong_before = flaws_of(before, revision)
    unmovable = [each for each in unmovable if each not in unmovable_before]
    is_already = bool(wrong_before) and not unmovable
    return Verdict([*unmovable, *wrong], is_already, bool(unmovable)) if unmovable or wrong else None


def flaws_of(terms: Terms, revision: Saved) -> tuple[list[Flaw], list[Flaw]]:
    """What keeps its members from being moved, and what breaks the schema once they are."""
    details: dict[str, Any] = json.loads(revision.details)
    ahead, unmovable = since(terms.moves, revision.version), []
    if ahead:
        details, in_the_way = moved(details, ahead)
        unmovable = [Flaw(parts_of(each), IN_THE_WAY, False) for each in dict.fromkeys(in_the_way)]
        if depth(details) > MAX_NESTING:
            unmovable.append(Flaw((), TOO_DEEP, False))
        if revision.size_bytes + len(json.dumps(details)) - len(revision.details) > MOST_OF_ONE:
            unmovable.append(Flaw((), TOO_LARGE, False))
    if not terms.schema:
        return unmovable, []
    subject, schema = Subject(details, terms.body_member, revision.body, revision.is_draft), validator(terms.schema)
    return unmovable, [] if schema.is_valid(subject.instance) else found(schema, subject)


def depth(value: Any) -> int:
    """How deep objects and arrays are nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)
