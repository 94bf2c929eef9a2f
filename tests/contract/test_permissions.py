"""docs/permissions.md: every RPC and role is in it, each cell is right, and a page that has fallen behind is noticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gazette.access.v1.access_pb2 import Permission
from server.rpc.methods import access_rule
from tests.auth.test_rules import TABLE
from tests.contract.test_access import CENTRAL
from tests.contract.test_contract import methods
from tools import generate, permissions
from tools.contract import Contract

pytestmark = pytest.mark.xdist_group("contract")  # two processes that copy the sources at once are in each other's way

PAGE = generate.ROOT / generate.PERMISSIONS


@pytest.fixture(scope="module")
def page() -> str:
    """The page as the contract and the roles now make it."""
    return permissions.page(Contract.parse(generate.descriptors("permissions-test.binpb")))


def rows(page: str) -> dict[str, list[str]]:
    """The rows of all tables of RPCs: Service.Method -> its other cells."""
    found = {}
    service = ""
    for line in page.partition("## RPCs")[2].partition("## What")[0].splitlines():
        service = line.removeprefix("### ") if line.startswith("### ") else service
        if re.match(r"\| [A-Z]\w+ \| [`–]", line):
            name, *cells = (each.strip() for each in line.strip("|").split("|"))
            found[f"{service}.{name}"] = cells
    return found


def test_the_page_is_current(page: str) -> None:
    """What is committed is what is generated."""
    assert PAGE.read_text() == page


def test_every_cell_is_right(page: str) -> None:
    """The page has each RPC once, and says of each role whether it may call it, and where."""
    found = rows(page)
    assert found.keys() == {f"{method.containing_service.name}.{method.name}" for method in methods()}
    for method in methods():
        rule = access_rule(method)
        name = Permission.Name(rule.permission).removeprefix("PERMISSION_")
        _, needs, *cells = found[f"{method.containing_service.name}.{method.name}"]
        where = "all" if name in CENTRAL or rule.everywhere else "organisation"
        if rule.permission:
            assert needs == f"`{name}`"
            assert cells == [where if name in held.split() else "–" for held in TABLE.values()], method.full_name
        else:
            assert needs == ("nothing" if rule.public else "a sign-in")
            assert cells == ["yes"] * len(TABLE)


def test_every_permission_is_explained(page: str) -> None:
    """The page says of each permission who has it, and what it is for."""
    for name, number in Permission.items():
        if number:
            lines = [line for line in page.splitlines() if line.startswith(f"| `{name.removeprefix('PERMISSION_')}` |")]
            assert len(lines) == 2
            assert lines[1].endswith(". |")


def test_a_page_that_was_changed_is_noticed(page: str, tmp_path: Path) -> None:
    """The check of generated files names a page that says something else, or is missing, and no other."""
    wanted = {generate.PERMISSIONS: page.encode(), Path("docs/openapi.json"): b"{}\n"}
    for path, content in wanted.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert generate.differences(wanted, tmp_path) == ([], [])
    (tmp_path / generate.PERMISSIONS).write_text(page.replace("| all |", "| organisation |", 1))
    assert generate.differences(wanted, tmp_path) == ([], [generate.PERMISSIONS])
    (tmp_path / generate.PERMISSIONS).unlink()
    assert generate.differences(wanted, tmp_path) == ([], [generate.PERMISSIONS])


def test_a_file_that_is_generated_no_more_is_noticed(tmp_path: Path) -> None:
    """The check names a module of a contract that is gone."""
    left = generate.CLIENT / "left_pb2.py"
    (tmp_path / left).parent.mkdir(parents=True)
    (tmp_path / left).touch()
    assert generate.differences({}, tmp_path) == ([left], [])
