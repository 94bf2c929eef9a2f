"""What publish checks find in a text alone: rendered as it is saved, and looked at as it is before publication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gazette.content.v1.document_pb2 import BodyFormat
from server.content.publish_checks import rules
from server.content.publish_checks.examining import Examined, Subject, examined
from server.content.publish_checks.findings import Finding
from server.content.publish_checks.registry import CHECKS, name
from server.content.rendering.work import body_html, details_html

MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML
ORIGIN = "https://www.example.gov"
THRESHOLDS = {check: each.threshold for check, each in CHECKS.items() if each.threshold}


class Said(NamedTuple):
    """What a document of a test says."""

    body: str = ""
    body_format: int = MARKDOWN
    locale: str = "en"
    details: Any = None
    html_members: Sequence[str] = ()
    required: Sequence[str] = ()


def subject(said: Said) -> Subject:
    html, _ = body_html(said.body, said.body_format, {})
    details = said.details or {}
    html_details = details_html(details, said.html_members, 0)[0] if said.html_members else None
    return Subject(
        said.body,
        said.body_format,
        html,
        details,
        html_details,
        said.html_members,
        said.required,
        said.locale,
        ORIGIN,
        THRESHOLDS,
    )


def look(said: Said) -> Examined:
    return examined(subject(said))


def named(said: Said) -> dict[str, list[Finding]]:
    """What is found, by the names of the checks, those that are off by default among them."""
    found: dict[str, list[Finding]] = {}
    for each in look(said).findings.ordered(CHECKS):
        found.setdefault(name(each.check), []).append(each)
    return found


def settings(**levels: int) -> dict[int, rules.Setting]:
    """With these levels for some checks."""
    numbers = {name(check): check for check in CHECKS}
    return rules.settings([{"check": numbers[each], "level": level, "threshold": 0} for each, level in levels.items()])
