"""What was found, as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.publish_check_pb2 import (
    CheckDocumentResponse,
    PublishCheck,
    PublishCheckLevel,
    PublishCheckResult,
    PublishProblem,
    PublishProblemSeverity,
    WcagCriterion,
)
from server.content.publish_checks.findings import Finding
from server.content.publish_checks.registry import CHECKS, OFF
from server.content.publish_checks.rules import NONE, Judgement, Overrides


def problems(judgement: Judgement, overrides: Overrides = NONE) -> list[PublishProblem]:
    """Those that an answer lists."""
    return [problem(judgement, each, overrides) for each in judgement.listed()]


def problem(judgement: Judgement, finding: Finding, overrides: Overrides = NONE) -> PublishProblem:
    check = CHECKS[finding.check]
    return PublishProblem(
        check=PublishCheck.ValueType(finding.check),
        level=PublishCheckLevel.ValueType(judgement.settings[finding.check].level),
        severity=PublishProblemSeverity.ValueType(check.severity),
        criterion=WcagCriterion(**check.criterion._asdict()) if check.criterion else None,
        message=finding.message,
        field=finding.place.field,
        pointer=finding.place.pointer,
        line=finding.line,
        element=finding.element,
        excerpt=finding.excerpt,
        overridden=judgement.blocks(finding.check) and finding.check in overrides.checks,
    )


def answer(judgement: Judgement, revision_number: int) -> CheckDocumentResponse:
    results = [
        PublishCheckResult(
            check=PublishCheck.ValueType(check),
            level=PublishCheckLevel.ValueType(setting.level),
            count=judgement.counts.get(check, 0),
        )
        for check, setting in judgement.settings.items()
        if setting.level != OFF
    ]
    return CheckDocumentResponse(
        revision_number=revision_number,
        problems=problems(judgement),
        results=results,
        can_publish=not judgement.blocking(),
        words=judgement.reading.words,
        sentences=judgement.reading.sentences,
        lix=judgement.reading.lix,
    )
