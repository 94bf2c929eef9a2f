"""The TypeScript client as it is shipped: `dist`, compiled again when a source has changed."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tools.node import Node

SOURCES = ("src/**/*.ts", "tsconfig*.json", "package.json", "package-lock.json")


def is_fresh(home: Path) -> bool:
    stamp = home / "dist/.stamp"
    return stamp.exists() and stamp.read_text() == digest(home)


def build(home: Path, node: Node) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", "build"],
        cwd=home,
        env=node.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (home / "dist/.stamp").write_text(digest(home))


def digest(home: Path) -> str:
    seen = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in home.glob(pattern)):
        seen.update(f"{path.relative_to(home)}\0".encode() + path.read_bytes())
    return seen.hexdigest()
