"""The documentation: what it links to, names and tells people to run is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = ("*.md", "docs/**/*.md", "clients/README.md", "clients/*/README.md")
DOCUMENTS = sorted(path for place in PLACES for path in ROOT.glob(place))

LINK = re.compile(r"\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
TARGET = re.compile(r"\bmake ([a-z-]+)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folders() -> set[str]:
    """What stands at the top of the repository."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line.partition("/")[0] for line in tracked.splitlines()}


def prose(document: Path) -> str:
    return FENCED.sub("", document.read_text())


def named_targets(text: str) -> Iterator[str]:
    """The `make` targets in code, quoted or shown; in prose "make sure" is none."""
    for shown in (*QUOTED.findall(FENCED.sub("", text)), *re.findall(r"^(?: {4}|\$ )(.*)$", text, re.MULTILINE)):
        yield from TARGET.findall(shown)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
class TestDocument:
    """Each Markdown file of the repository."""

    def test_its_links_lead_somewhere(self, document: Path) -> None:
        """A relative link names a file that exists; what is quoted is no link."""
        links = [
            link.partition("#")[0] for link in LINK.findall(QUOTED.sub("", prose(document))) if not re.match(r"[a-z]+:|#", link)
        ]
        assert [link for link in links if not (document.parent / link).exists()] == []

    def test_the_paths_that_it_names_exist(self, document: Path, folders: set[str]) -> None:
        """What is quoted and begins with a folder of the repository is there; `<…>` and `*` stand for anything."""
        paths = [quoted for quoted in QUOTED.findall(prose(document)) if re.fullmatch(r"[\w.-]+/[\w./<>*-]*", quoted)]
        named = [re.sub(r"<[^>]*>", "*", path).rstrip("/") for path in paths if path.partition("/")[0] in folders]
        assert [path for path in named if not any(ROOT.glob(path))] == []

    def test_the_make_targets_that_it_names_exist(self, document: Path) -> None:
        """`make <target>` is in the Makefile."""
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert {*named_targets(document.read_text())} - targets == set()
