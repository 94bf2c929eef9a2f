"""A picture to upload."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.demo.files import harbour_png


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "picture.png"
    path.write_bytes(harbour_png())
    return path
