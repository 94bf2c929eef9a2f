"""Installs what checks of the deployment need and nothing else does: Debian's packages, and tools from the lock files in
`requirements/deploy`, each in an environment of its own, since their pins collide with ours.

What is installed stays in `build/deploy`, so a second run costs milliseconds. A file lock lets test processes run side by side.
"""

from __future__ import annotations

import faulthandler
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements" / "deploy"
HOME = ROOT / "build" / "deploy"


def debian(*packages: str) -> None:
    """Debian's packages, installed. Skips the test where nobody may install them."""
    missing = [name for name in packages if not installed(name)]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        pytest.skip(f"needs Debian's {' '.join(missing)}, and root to install them")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with alone("debian"):
        run(["apt-get", "-qq", "update"], environment)
        run(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing], environment)


def installed(package: str) -> bool:
    asked = subprocess.run(["dpkg-query", "--show", "--showformat=${Status}", package], capture_output=True, check=False)
    return asked.stdout.endswith(b" installed")


def python_tool(name: str) -> Path:
    """The folder of programs of an environment with all of `requirements/deploy/<name>.lock`."""
    lock, home = LOCKS / f"{name}.lock", HOME / name
    with alone(name):
        if fresh(home, lock):
            run([sys.executable, "-m", "venv", "--clear", str(home)])
            pip = [str(home / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
            run([*pip, "--no-deps", "--require-hashes", "--requirement", str(lock)])
            stamp(home, lock)
    return home / "bin"


def node_tool(name: str) -> Path:
    """The folder of programs that `requirements/deploy/<name>/package-lock.json` brings. Skips the test without npm."""
    if not shutil.which("npm"):
        pytest.skip("needs npm")
    source, home = LOCKS / name, HOME / name
    lock = source / "package-lock.json"
    with alone(name):
        if fresh(home, lock):
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, home)
            run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(home)])
            stamp(home, lock)
    return home / "node_modules/.bin"


def fresh(home: Path, lock: Path) -> bool:
    """Whether what the lock file says is still to be installed."""
    known = home / "stamp"
    return not known.exists() or known.read_text() != digest(lock)


def stamp(home: Path, lock: Path) -> None:
    (home / "stamp").write_text(digest(lock))


def digest(lock: Path) -> str:
    return hashlib.sha256(sys.version.encode() + lock.read_bytes()).hexdigest()


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Installs, for ten minutes at most."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@contextmanager
def alone(name: str) -> Iterator[None]:
    """The only one that installs it now. Others wait for as long as that takes: what ends a test that hangs is called off."""
    faulthandler.cancel_dump_traceback_later()
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
