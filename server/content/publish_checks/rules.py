"""Which problems matter: the levels of a content type, and who may override what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gazette.access.v1.access_pb2 import Permission
from server.content.publish_checks.findings import Finding
from server.content.publish_checks.readability import Reading
from server.content.publish_checks.registry import BLOCK, CHECKS, OFF, name
from server.rpc.caller import Caller

OVERRIDE = Permission.PERMISSION_DOCUMENTS_OVERRIDE
MOST_PROBLEMS = 50
"""That an answer lists."""


class Setting(NamedTuple):
    """How one check is, for documents of a type."""

    level: int
    threshold: int


class Overrides(NamedTuple):
    """What somebody publishes in spite of, and why."""

    checks: frozenset[int] = frozenset()
    reason: str = ""


NONE = Overrides()


class Judgement(NamedTuple):
    """What the checks have found in a revision."""

    findings: Sequence[Finding]
    """In the order of the checks and of the texts; none of a check that is off."""
    counts: Mapping[int, int]
    settings: Mapping[int, Setting]
    reading: Reading

    def blocking(self, overrides: Overrides = NONE) -> list[Finding]:
        """What is in the way."""
        return [each for each in self.findings if self.blocks(each.check) and each.check not in overrides.checks]

    def overridden(self, overrides: Overrides) -> list[int]:
        """The checks that would have been in the way."""
        return [check for check in CHECKS if check in overrides.checks and self.counts.get(check) and self.blocks(check)]

    def listed(self) -> list[Finding]:
        """What an answer lists: what blocks first."""
        return sorted(self.findings, key=lambda each: not self.blocks(each.check))[:MOST_PROBLEMS]

    def blocks(self, check: int) -> bool:
        return self.settings[check].level == BLOCK


def settings(chosen: Iterable[Mapping[str, int]] | None) -> dict[int, Setting]:
    """Of every check, by what a content type has chosen (`types.creating.settings_of`). What it has chosen of checks that there
    are no more, or not yet, is passed over."""
    by_check = {each["check"]: each for each in chosen or ()}
    found = {}
    for check, default in CHECKS.items():
        own = by_check.get(check, {})
        found[check] = Setting(own.get("level") or default.level, own.get("threshold") or default.threshold)
    return found


def is_on(chosen: Mapping[int, Setting], *checks: int) -> bool:
    """Whether any of these is looked for."""
    return any(chosen[check].level != OFF for check in checks)


def overrides(request: Any) -> Overrides:
    """Of a request that can override."""
    return Overrides(frozenset(request.override_checks), request.override_reason)


def check_may_override(caller: Caller, wanted: Overrides, document: Any) -> None:
    """Raises PermissionDenied."""
    if wanted.checks:
        caller.require(OVERRIDE, document.organisation_id, document.locale)


def names(checks: Collection[int]) -> list[str]:
    """As the audit names them."""
    return [name(check) for check in sorted(checks)]


def told(checks: Collection[int], reason: str) -> dict[str, Any]:
    """What the audit is to know of checks that were overridden; nothing where none was."""
    return {"overridden_checks": names(checks), "override_reason": reason} if checks else {}
