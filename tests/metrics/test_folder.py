"""Where the workers' metrics are kept: in memory, where there is room for them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from server.process import metrics


def test_they_are_in_memory_and_go_with_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "IN_MEMORY", tmp_path)
    monkeypatch.setattr(metrics, "ENOUGH", 1)
    with metrics.folder() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


@pytest.mark.parametrize("missing", ["folder", "room"])
def test_they_are_elsewhere_where_memory_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(metrics, "IN_MEMORY", tmp_path / "none" if missing == "folder" else tmp_path)
    monkeypatch.setattr(metrics, "ENOUGH", 1 << 62 if missing == "room" else 1)
    with metrics.folder() as folder:
        assert folder.parent == Path(tempfile.gettempdir())
