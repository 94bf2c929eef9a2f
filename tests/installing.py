"""Installs what only the tests of the deployment and of web clients need: Debian's packages, npm's, and tools from the lock
files in `requirements/deploy` and `requirements/web`, each in an environment of its own, since their pins collide with ours.

What is installed stays in `build/deploy` and `build/web`, so a second run costs milliseconds. A file lock lets test processes
run side by side. What nobody may install here skips the test, and says so; what cannot be installed fails it in CI.
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
from typing import NoReturn

import pytest

from tools.node import NodeMissing, node, npm_ci

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
HOME = ROOT / "build" / "deploy"
WEB = ROOT / "build" / "web"


def debian(*packages: str) -> None:
    """Debian's packages, installed. Skips the test where nobody may install them."""
    wanted = [name for name in packages if not installed(name)]
    if not wanted:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        pytest.skip(f"needs Debian's {' '.join(wanted)}, and root to install them")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with alone("debian"):
        apt = ["apt-get", "-qq", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]  # others may install, too
        run([*apt, "update"], environment)
        run([*apt, "install", "--yes", "--no-install-recommends", *wanted], environment)


def installed(package: str) -> bool:
    asked = subprocess.run(["dpkg-query", "--show", "--showformat=${Status}", package], capture_output=True, check=False)
    return asked.stdout.endswith(b" installed")


def python_tool(name: str, home: Path = HOME) -> Path:
    """The folder of programs of an environment with all of `requirements/deploy/<name>.lock`, or with `WEB` of
    `requirements/web/<name>.lock`."""
    lock, place = LOCKS / home.name / f"{name}.lock", home / name
    with alone(name, home):
        if fresh(place, lock):
            run([sys.executable, "-m", "venv", "--clear", str(place)])
            pip = [str(place / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
            run([*pip, "--no-deps", "--require-hashes", "--requirement", str(lock)])
            stamp(place, lock)
    return place / "bin"


def node_tool(name: str) -> Path:
    """The folder of programs that `requirements/deploy/<name>/package-lock.json` brings."""
    source, home = LOCKS / "deploy" / name, HOME / name
    with alone(name):
        home.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(source / file, home)
    programs = npm_packages(home)
    os.environ["PATH"] = node().environment()["PATH"]  # they are scripts that look for `node`
    return programs


def npm_packages(folder: Path) -> Path:
    """The folder of programs that `folder/package-lock.json` brings."""
    faulthandler.cancel_dump_traceback_later()
    try:
        return npm_ci(folder)
    except NodeMissing as error:
        missing(str(error))


def missing(reason: str) -> NoReturn:
    """Ends a test that cannot have what it needs."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


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
def alone(name: str, home: Path = HOME) -> Iterator[None]:
    """The only one that installs it now. Others wait for as long as that takes: what ends a test that hangs is called off."""
    faulthandler.cancel_dump_traceback_later()
    home.mkdir(parents=True, exist_ok=True)
    with open(home / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
