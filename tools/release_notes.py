"""Prints what CHANGELOG.md says of a version, for its release: `python -m tools.release_notes v1.2.0`."""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
HEADING = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?(?: - (?P<date>\d{4}-\d{2}-\d{2}))?\s*$", re.MULTILINE)


class NoNotes(Exception):
    """The changelog says nothing of the version, or not when it came out."""


def notes(changelog: str, version: str) -> str:
    """The version's section, without its heading."""
    headings = list(HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading["version"] != version:
            continue
        if heading["date"] is None:
            raise NoNotes(f"{version} has no date: write `## {version} - YYYY-MM-DD`")
        text = changelog[heading.end() : following.start() if following else None].strip()
        if not text:
            raise NoNotes(f"nothing is said of {version}")
        return text
    known = ", ".join(heading["version"] for heading in headings)
    raise NoNotes(f"there is no section for {version}; there are: {known}")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.release_notes VERSION")
    try:
        print(notes(CHANGELOG.read_text(), sys.argv[1].removeprefix("v")))
    except NoNotes as reason:
        sys.exit(f"CHANGELOG.md: {reason}")


if __name__ == "__main__":
    main()
