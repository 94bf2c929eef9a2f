"""docs/promises.md: each promise names tests that exist, and each id that a test names is promised."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/promises.md").read_text()
KEPT, NOT_YET = PAGE.split("\n## Not yet\n")

ID = re.compile(r"\b[ACDFITXZ][1-9][0-9]?\b")
ROW = re.compile(r"^\| ([A-Z][0-9]+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class Named(NamedTuple):
    """An id in a docstring."""

    id: str
    where: str


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def functions_of(file: Path) -> set[str]:
    """The test functions of a module, those of classes among them."""
    functions = (each for each in ast.walk(tree(file)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def ids_named() -> Iterator[Named]:
    """The ids in parentheses, `(A2, X7)` or `(T1 to T3)`, of all docstrings below tests/."""
    for file in sorted(ROOT.glob("tests/**/*.py")):
        for each in ast.walk(tree(file)):
            if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                said = re.findall(r"\(([^()]*)\)", ast.get_docstring(each) or "")
                where = f"{file.relative_to(ROOT)}::{getattr(each, 'name', '')}"
                yield from (Named(id, where) for text in said for id in ID.findall(text))


@pytest.mark.parametrize("part", [KEPT, NOT_YET], ids=["kept", "not yet"])
def test_each_promise_has_one_row(part: str) -> None:
    """Every row of a table begins with an id, and no id has two."""
    rows = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| id |")]
    assert [line for line in rows if not ROW.fullmatch(line)] == []
    ids = Counter(id for id, _, _ in ROW.findall(part))
    assert len(ids) > 5
    assert [id for id, count in ids.items() if count > 1] == []
    assert [id for id in ids if not ID.fullmatch(id)] == []


@pytest.mark.parametrize(("id", "tests"), [(id, tests) for id, _, tests in ROW.findall(KEPT)])
def test_a_promise_is_shown(id: str, tests: str) -> None:
    """What is promised names the tests that show it, and nothing else."""
    assert TEST.findall(tests)
    assert TEST.sub("", tests).replace(", ", "") == ""


def test_the_tests_exist() -> None:
    """Every test that the page names is in the file that it names."""
    named = TEST.findall(PAGE)
    files = {file: functions_of(ROOT / file) if (ROOT / file).is_file() else set() for file, _ in named}
    assert [f"{file}::{test}" for file, test in named if test not in files[file]] == []


def test_what_tests_name_is_promised() -> None:
    """Every id in the docstring of a test has a row among what is kept."""
    promised = {id for id, _, _ in ROW.findall(KEPT)}
    named = list(ids_named())
    assert len(named) > 50
    assert [each for each in named if each.id not in promised] == []
