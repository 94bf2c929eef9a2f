"""Whether details satisfy their content type's JSON Schema.

What is cheap for certain is checked at once; all else in another process, with a bound of CPU time. There are schemas and
details of a few hundred bytes whose check, or whose explanation, would take hours.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from google.protobuf.struct_pb2 import Struct
from jsonschema_rs import Validator

from server.background.objects import Objects
from server.background.processes import Processes, TooCostly
from server.content import failures
from server.content.checks.compiling import compiled
from server.content.checks.costs import Cost, cost, weight
from server.content.checks.descent import nearest_flaws
from server.content.checks.flaws import Flaw, Subject, flaws, found, is_fit, why_not
from server.rpc.failures import Violation
from server.rpc.objects import LargeObject, Object, loaded
from server.stores.postgres import AnyRow

MAX_SCHEMA_VALUES = 5_000
CHECK_SECONDS, EXPLAIN_SECONDS = 1.0, 0.3
"""Of CPU time, in another process."""
CHEAP_CHECK, CHEAP_READING = 100_000, 20_000
"""Parts times values, and patterns times characters, that a check may come to on the event loop: some ten milliseconds."""
CHEAP_EXPLANATION, SHORT = 3_000, 5_000
"""The same of an explanation, which repeats what is wrong; and how many characters it may be about."""
DETAILS = "document.details"
TOO_COMPLEX = "is too complex to be checked against the content type's schema"
UNEXPLAINED = "does not satisfy the content type's schema, and is too complex to say where"


class Known(NamedTuple):
    """A content type's schema."""

    version: int
    text: str
    """As JSON, for other processes."""
    cost: Cost | None
    validator: Validator | None
    """For checks that are made here; None if there is no bound to what they cost."""


@dataclass
class Schemas:
    """The schemas of content types, compiled once a version."""

    processes: Processes
    known: dict[str, Known] = field(default_factory=dict)

    async def check_draft(self, content_type: AnyRow, details: Object, body: str) -> None:
        """Raises InvalidDetails for what no addition can mend: work that is not finished can be saved."""
        if wrong := await self.violations(content_type, details, body, is_draft=True):
            raise failures.InvalidDetails(*wrong)

    async def check_complete(self, content_type: AnyRow, details: Object, body: str) -> None:
        """Raises UnfinishedDetails."""
        if wrong := await self.violations(content_type, details, body, is_draft=False):
            raise failures.UnfinishedDetails(*wrong)

    async def violations(self, content_type: AnyRow, details: Object, body: str, *, is_draft: bool) -> Sequence[Violation]:
        if not content_type.details_schema:
            return ()
        schema, member = self.schema(content_type), content_type.body_member
        subject = Subject(details, member, body, is_draft)
        check, explain = self.means(schema, subject)
        try:
            if await check():
                return ()
        except TooCostly:
            return (Violation(DETAILS, TOO_COMPLEX),)
        found = await explain()
        if found is None:
            return (Violation(DETAILS, UNEXPLAINED),)
        return [Violation(field_path(each.place, member), each.description) for each in found]

    def schema(self, content_type: AnyRow) -> Known:
        known = self.known.get(content_type.name)
        if known is None or known.version != content_type.version:
            schema = loaded(content_type.details_schema)
            bound = cost(schema)
            known = Known(content_type.version, json.dumps(schema), bound, compiled(schema) if bound else None)
            self.known[content_type.name] = known
        return known

    def means(self, schema: Known, subject: Subject) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """How to check it and how to explain what is wrong: here, where both have a bound, or in other processes."""
        elsewhere = partial(self.fit_elsewhere, schema, subject), partial(self.explained_elsewhere, schema, subject)
        if schema.validator is None or schema.cost is None or isinstance(subject.details, LargeObject):
            return elsewhere
        values, characters = weight(subject.instance)
        work = schema.cost.parts * values
        if work > CHEAP_CHECK or schema.cost.patterns * characters > CHEAP_READING:
            return elsewhere
        check = partial(fit_here, schema.validator, subject)
        if work > CHEAP_EXPLANATION or characters > SHORT:
            return check, elsewhere[1]
        return check, partial(explained_here, schema.validator, subject)

    async def fit_elsewhere(self, schema: Known, subject: Subject) -> bool:
        """Raises TooCostly."""
        return await self.processes.run(is_fit, schema.text, subject, seconds=CHECK_SECONDS)

    async def explained_elsewhere(self, schema: Known, subject: Subject) -> Sequence[Flaw] | None:
        """None if nothing can be said in time."""
        for function in (flaws, nearest_flaws):
            try:
                return await self.processes.run(function, schema.text, subject, seconds=EXPLAIN_SECONDS)
            except TooCostly:
                continue
        return None

    async def taken(self, struct: Struct) -> dict[str, Any]:
        """A schema that a content type is given. Raises InvalidSchema for what is none, and for what costs too much to be
        checked against."""
        schema = loaded(await Objects(self.processes).taken(struct))
        if weight(schema).values > MAX_SCHEMA_VALUES:
            raise failures.InvalidSchema(f"must have at most {MAX_SCHEMA_VALUES} values")
        if cost(schema):
            compiled(schema, is_new=True)
            return schema
        try:
            reason = await self.processes.run(why_not, json.dumps(schema), seconds=CHECK_SECONDS)
        except TooCostly:
            reason = f"is too complex: to check empty details against it takes more than {CHECK_SECONDS:g} s"
        if reason:
            raise failures.InvalidSchema(reason)
        return schema


class Verdicts:
    """What checks came to, by what was checked: a change is decided again where what it was decided by has changed, and what is
    costly need not be done again with it."""

    def __init__(self) -> None:
        self.known: dict[Hashable, failures.InvalidDetails | None] = {}

    async def once(self, key: Hashable, check: Callable[[], Awaitable[None]]) -> None:
        """Raises what the check raised when it was made under this key, now or before."""
        if key not in self.known:
            try:
                await check()
                self.known[key] = None
            except failures.InvalidDetails as failure:
                self.known[key] = failure
        earlier = self.known[key]
        if earlier is not None:
            raise earlier


async def fit_here(validator: Validator, subject: Subject) -> bool:
    return validator.is_valid(subject.instance)


async def explained_here(validator: Validator, subject: Subject) -> Sequence[Flaw]:
    return found(validator, subject)


def field_path(place: Sequence[str | int], body_member: str) -> str:
    """`document.details.parts[0].title`; `document.body` for the member that stands for the body."""
    if body_member and place[:1] == (body_member,):
        return "document.body"
    return DETAILS + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
