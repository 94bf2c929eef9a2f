"""The way to a judgement: what the revision itself says is looked at, here where that is bound to be cheap and otherwise in a
process that is ended; then, in one statement, what the site has of that which it names."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client import Counter

from gazette.content.v1.publish_check_pb2 import PublishProblem
from server.background.processes import Processes, TooCostly
from server.content.documents.premises import Premises
from server.content.documents.rendered import rendered
from server.content.publish_checks import rules, site
from server.content.publish_checks.examining import Examined, Subject, examined
from server.content.publish_checks.failures import PublishChecksFailed, TooCostlyToCheck
from server.content.publish_checks.registry import CHECKS, OFF
from server.content.publish_checks.required import required
from server.content.publish_checks.rules import Judgement, Overrides
from server.content.publish_checks.views import problem, problems
from server.content.rendering import Renderer, Rendering
from server.rpc.call import Call
from server.rpc.objects import LargeObject, loaded
from server.stores.postgres import Database
from server.stores.statements import Row

JUDGED = Counter(
    "gazette_publish_checks_total",
    "Drafts that were to be submitted, scheduled or published, by what publish checks said: passed, overridden or blocked.",
    ["outcome"],
)
counted = {outcome: JUDGED.labels(outcome).inc for outcome in ("passed", "overridden", "blocked")}
SECONDS = 5.0
"""Of CPU time: the largest page takes a third of it."""
ALLOWANCE = 8.0
"""Seconds beyond the deadline of calls, for what needs a process."""
SHORT = 25_000
"""Characters of texts and bytes of details that take some ten milliseconds at the worst."""


class Passed(NamedTuple):
    """What is in nobody's way."""

    problems: Sequence[PublishProblem]
    """Those that an answer lists."""
    overridden: Sequence[int]
    """The checks that would have been in the way."""


@dataclass
class Judged:
    """What came of a revision, for one call: a change is decided again where what it was decided by has changed."""

    known: dict[tuple[int, int], Judgement] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishChecks:
    """Looks at revisions before they become public."""

    database: Database
    processes: Processes
    origin: str
    """`https://…`, by which the site's own links may name it."""
    required: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    """By content type: its version, and the members that its schema requires."""

    async def judgement(self, document: Row, rendering: Rendering, content_type: Row, call: Call | None = None) -> Judgement:
        """What the checks find. No connection is to be held meanwhile: it may take a while. Raises TooCostlyToCheck,
        ResourceExhausted where too many wait, and Unavailable."""
        settings = rules.settings(content_type.publish_checks)
        subject = Subject(
            document.body,
            document.body_format,
            rendering.html,
            document.details,
            rendering.html_details,
            content_type.html_members,
            self.members(content_type),
            document.locale,
            self.origin,
            {check: setting.threshold for check, setting in settings.items() if setting.threshold},
        )
        found, reading, links = await self.examined(subject, call)
        asked = site.named(links, document, rendering.html, settings)
        if asked:
            async with self.database.direct() as connection:
                await site.check(connection, asked, links, document, found)
        is_on = [check for check in CHECKS if settings[check].level != OFF]
        return Judgement(found.ordered(is_on), {check: found.counts[check] for check in is_on}, settings, reading)

    async def passed(
        self,
        document: Row,
        rendering: Rendering,
        content_type: Row,
        overrides: Overrides,
        judged: Judged,
        call: Call | None = None,
    ) -> Passed:
        """What is found, and in nobody's way. Raises PublishChecksFailed, and as `judgement`."""
        key = content_type.version, document.version
        if key not in judged.known:
            judged.known[key] = await self.judgement(document, rendering, content_type, call)
        judgement = judged.known[key]
        if blocking := judgement.blocking(overrides):
            counted["blocked"]()
            raise PublishChecksFailed([problem(judgement, each) for each in blocking])
        overridden = judgement.overridden(overrides)
        counted["overridden" if overridden else "passed"]()
        return Passed(problems(judgement, overrides), overridden)

    async def examined(self, subject: Subject, call: Call | None) -> Examined:
        if is_cheap(subject):
            return examined(subject)
        if call is not None:
            call.allowance = max(call.allowance, ALLOWANCE)
        try:
            return await self.processes.run(examined, subject, seconds=SECONDS)
        except TooCostly:
            raise TooCostlyToCheck(SECONDS) from None

    def members(self, content_type: Row) -> list[str]:
        """Those that the content type's schema requires."""
        version, members = self.required.get(content_type.name, (0, []))
        if version != content_type.version:
            schema = content_type.details_schema
            members = required(loaded(schema)) if schema else []
            self.required[content_type.name] = content_type.version, members
        return members


@dataclass(frozen=True)
class Checked:
    """The same of a revision as it is stored: what other rules have rendered is rendered anew first."""

    premises: Premises
    renderer: Renderer
    checks: PublishChecks

    async def judgement(self, document: Row, content_type: Row, call: Call) -> Judgement:
        """As of PublishChecks. Raises Unpublishable, too."""
        rendering = await rendered(self.renderer, self.premises, document, content_type, call)
        return await self.checks.judgement(document, rendering, content_type, call)

    async def passed(self, document: Row, content_type: Row, overrides: Overrides, judged: Judged, call: Call) -> Passed:
        """The same."""
        rendering = await rendered(self.renderer, self.premises, document, content_type, call)
        return await self.checks.passed(document, rendering, content_type, overrides, judged, call)


def is_cheap(subject: Subject) -> bool:
    if isinstance(subject.details, LargeObject) or isinstance(subject.html_details, LargeObject):
        return False
    size = len(subject.html) + len(subject.body)
    if size <= SHORT and subject.details:
        size += len(pickle.dumps((subject.details, subject.html_details), pickle.HIGHEST_PROTOCOL))
    return size <= SHORT
