"""Writes the table of docs/publish-checks.md from the registry of checks. With `--check` it only compares."""

import sys
from pathlib import Path

from gazette.content.v1.publish_check_pb2 import PublishCheckLevel, PublishProblemSeverity
from server.content.publish_checks.registry import CHECKS, name

PAGE = Path(__file__).resolve().parent.parent / "docs/publish-checks.md"
BEGIN, END = "| check |", "\n\n"


def table() -> str:
    """A row for each check."""
    rows = [f"{BEGIN} finds | by default | severity | WCAG 2.2 |", "|---|---|---|---|---|"]
    for check, each in CHECKS.items():
        level = PublishCheckLevel.Name(PublishCheckLevel.ValueType(each.level)).removeprefix("PUBLISH_CHECK_LEVEL_").lower()
        severity = PublishProblemSeverity.Name(PublishProblemSeverity.ValueType(each.severity))
        severity = severity.removeprefix("PUBLISH_PROBLEM_SEVERITY_").lower()
        level += f", {each.threshold}" if each.threshold else ""
        criterion = f"{each.criterion.number} {each.criterion.name}, {each.criterion.level}" if each.criterion else ""
        rows.append(f"| `{name(check)}` | {each.finds} | {level} | {severity} | {criterion} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return before + table() + END + rest.partition(END)[2]


def main() -> None:
    text = PAGE.read_text()
    if "--check" not in sys.argv:
        PAGE.write_text(page(text))
    elif page(text) != text:
        sys.exit("docs/publish-checks.md is not as the registry has it; run python -m tools.publish_checks")


if __name__ == "__main__":
    main()
