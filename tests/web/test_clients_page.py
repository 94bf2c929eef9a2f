"""docs/clients.md: its table is the one of what is tried, cell for cell."""

from __future__ import annotations

import re

from tests.installing import ROOT
from tests.web.table import CLIENTS, STEPS, rendered

PAGE = ROOT / "docs/clients.md"


def test_the_page_has_the_table_of_what_is_tried() -> None:
    """Each tick is a test of `make test-web`, and each test is in the table; `python -m tests.web.table` prints it."""
    (table,) = re.findall(r"^\| client \|.*?(?=\n\n)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert table == rendered()


def test_each_client_is_tried_with_every_step() -> None:
    """A client does a step, or the table says what there is instead: no cell is empty."""
    for client in CLIENTS.values():
        assert {*client.steps(), *client.without} == set(STEPS)
