"""Makes `.venv` from the lock files. Runs on the bare interpreter, before anything is installed.
`environment.py contract` installs no more than the contract needs.

A stamp holds the digest of each lock, so a second run costs milliseconds; a file lock lets two makes run side by
side. The embedded stack's wheels go to `.venv/devstack`, outside the import path: their pins collide with ours.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ROOT / "requirements"
PROJECTS = ("clients/python", ".")
DEVSTACK = VENV / "devstack"


def digest(*paths: Path) -> str:
    """One digest over the files' contents and the interpreter that they are installed for."""
    seen = hashlib.sha256(sys.version.encode())
    for path in paths:
        seen.update(path.read_bytes())
    return seen.hexdigest()


def pip(*arguments: str) -> None:
    """Runs the environment's own pip. What is imported is compiled then: most of what comes along never is."""
    command = [str(VENV / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"make env: pip could not install {' '.join(arguments)}")


def install_packages() -> None:
    pip("--require-hashes", "--no-deps", "--requirement", str(LOCKS / "dev.lock"))


def install_contract() -> None:
    pip("--require-hashes", "--no-deps", "--requirement", str(LOCKS / "contract-tools.lock"))


def install_projects() -> None:
    editable = [argument for project in PROJECTS for argument in ("--editable", project)]
    pip("--no-deps", "--no-build-isolation", *editable)


def install_devstack() -> None:
    shutil.rmtree(DEVSTACK, ignore_errors=True)
    pip("--require-hashes", "--no-deps", "--target", str(DEVSTACK), "--requirement", str(LOCKS / "devstack.lock"))


STEPS = {
    "packages": (install_packages, (LOCKS / "dev.lock",)),
    "projects": (install_projects, tuple(ROOT / project / "pyproject.toml" for project in PROJECTS)),
    "devstack": (install_devstack, (LOCKS / "devstack.lock",)),
}

CONTRACT = {"contract": (install_contract, (LOCKS / "contract-tools.lock",))}
"""What `packages` has, too."""


def is_current(name: str) -> bool:
    stamp = VENV / f"{name}.stamp"
    return stamp.exists() and stamp.read_text() == digest(*(STEPS | CONTRACT)[name][1])


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"make env: Python 3.11 is needed, {sys.executable} is {sys.version.split()[0]} (set PYTHON=…)")
    ROOT.joinpath("build").mkdir(exist_ok=True)
    with open(ROOT / "build/environment.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (VENV / "bin/python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        steps = STEPS if "contract" not in sys.argv[1:] else {} if is_current("packages") else CONTRACT
        for name, (install, inputs) in steps.items():
            if is_current(name):
                continue
            started = time.monotonic()
            print(f"make env: installing {name}…", flush=True)
            install()
            (VENV / f"{name}.stamp").write_text(digest(*inputs))
            print(f"make env: {name} installed in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
