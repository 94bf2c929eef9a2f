"""Release notes are what the changelog says of a version, and of that alone."""

import subprocess
import sys

import pytest

from tools.release_notes import CHANGELOG, NoNotes, notes

TEXT = """# Changelog

## Unreleased

- To come.

## 1.1.0 - 2027-01-02

### Added

- Much.

## [1.0.0] - 2026-12-01

First.

## 0.9.0 - 2026-11-01
"""


def test_a_section() -> None:
    """Between its heading and the next, with the headings below it."""
    assert notes(TEXT, "1.1.0") == "### Added\n\n- Much."
    assert notes(TEXT, "1.0.0") == "First."


@pytest.mark.parametrize(
    ("version", "says"),
    [("2.0.0", "no section for 2.0.0"), ("Unreleased", "has no date"), ("0.9.0", "nothing is said"), ("1.1", "no section")],
)
def test_no_notes(version: str, says: str) -> None:
    """A version without a section, a date or a word is no release."""
    with pytest.raises(NoNotes, match=says):
        notes(TEXT, version)


def test_command() -> None:
    """It takes a tag's name, and fails in one line."""
    command = [sys.executable, "-m", "tools.release_notes"]
    done = subprocess.run([*command, "v0.1.0"], cwd=CHANGELOG.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.strip() in CHANGELOG.read_text()
    done = subprocess.run([*command, "v99.0.0"], cwd=CHANGELOG.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
