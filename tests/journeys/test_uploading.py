"""The commands of `docs/uploads.md`, run as a reader runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.edge import Edge
from tests.journeys import pages


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's commands are curl's")
def test_the_page_does_what_it_says(edge: Edge, tmp_path: Path) -> None:
    """Each command of the page prints what the page says."""
    pages.check(pages.DOCS / "uploads.md", edge, tmp_path)
