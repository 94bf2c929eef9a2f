"""Prints how long the jobs of a run of CI took, as Markdown, and warns where one takes longer than it should.

`python -m tools.ci_times jobs.json`: GitHub's answer about a run's jobs.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

WHOLE, IMAGE = 15, 5
"""Minutes: from the first job's start to the last one's end, and for building an image."""


def times(jobs: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The table's lines, and the warnings."""
    ended = [job for job in jobs if job["started_at"] and job["completed_at"] and job["conclusion"] not in {None, "skipped"}]
    if not ended:
        return ["no job has ended"], []
    lines = ["| job | minutes |", "|---|---|"]
    warnings = []
    for job in sorted(ended, key=lambda job: str(job["started_at"])):
        took = minutes(job["started_at"], job["completed_at"])
        lines.append(f"| {job['name']} | {took:.1f} |")
        if job["name"].startswith("build") and took > IMAGE:
            warnings.append(f"{job['name']} took {took:.1f} minutes, more than {IMAGE}")
    whole = minutes(min(job["started_at"] for job in ended), max(job["completed_at"] for job in ended))
    lines.append(f"| **all** | {whole:.1f} |")
    if whole > WHOLE:
        warnings.append(f"CI took {whole:.1f} minutes, more than {WHOLE}")
    return lines, warnings


def minutes(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60


def main() -> None:
    lines, warnings = times(json.loads(Path(sys.argv[1]).read_text())["jobs"])
    print("\n".join(lines))
    for warning in warnings:
        print(f"::warning::{warning}", file=sys.stderr)


if __name__ == "__main__":
    main()
