"""Word documents, which a process of its own turns into HTML (`word_process`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from server.importer.failures import Refused
from server.importer.pages.page import Front, Page

MOST = 64 << 20
"""Bytes of a document."""
SECONDS = 120
"""On the clock: that process bounds its CPU time itself."""
TOLD, ENDED = 3, "takes more time or memory than it may: it is larger inside than it seems, or damaged"


def read(file: Path, into: Path) -> Page:
    """Reads the document; its images come to be files in a folder. Raises Refused."""
    if (size := file.stat().st_size) > MOST:
        raise Refused(f"has {size} bytes, and may have {MOST}")
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "server.importer.pages.word_process", str(file), str(into)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Refused(ENDED) from None
    if done.returncode == TOLD:
        raise Refused(done.stderr.decode(errors="replace").strip()[:500])
    if done.returncode:
        raise Refused(ENDED)
    said: dict[str, Any] = json.loads((into / "page.json").read_text())
    front = Front(title=said["title"], summary=said["summary"], tags=tuple(said["tags"]))
    images = {name: into / name for name in said["images"]}
    return Page(front, said["body"], is_markdown=False, notes=said["notes"], images=images)
