"""`make lint`: every check in turn, each named with its time; all run even when one fails.

`python -m tools.lint types layers` runs those alone.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tools.contract_sources import copy_sources

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPED = ("server", "clients/python/gazette_client", "devstack", "bench", "tools", "tests", "migrations")


def passes(program: str, *arguments: str) -> bool:
    """Runs one of this environment's programs; what it says is shown as it is."""
    path = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    return not subprocess.run([program, *arguments], cwd=ROOT, check=False, env={**os.environ, "PATH": path}).returncode


def python_style() -> bool:
    checked = passes("ruff", "check", "--quiet", ".")
    return passes("ruff", "format", "--check", "--quiet", ".") and checked


def types() -> bool:
    return passes("mypy", *(folder for folder in TYPED if any((ROOT / folder).rglob("*.py"))))


def layers() -> bool:
    return passes("lint-imports", "--no-logo") if (ROOT / "server/app.py").exists() else True


def contract() -> bool:
    copy_sources()
    return passes("buf", "lint") and passes("buf", "format", "--diff", "--exit-code", "proto")


def output(*git: str) -> str:
    """What git says, or nothing when it refuses."""
    said = subprocess.run(["git", *git], cwd=ROOT, check=False, capture_output=True, text=True)
    return said.stdout.strip() if said.returncode == 0 else ""


def promised_contract() -> str:
    """The commit whose contract must still be kept: the newest release, or else what this branch is to land on."""
    release = output("describe", "--tags", "--abbrev=0", "--match=v*")
    landed = output("rev-parse", "--verify", "--quiet", "origin/main")
    candidates = (os.environ.get("BREAKING_AGAINST", ""), release, landed if landed != output("rev-parse", "HEAD") else "")
    return next((commit for commit in candidates if commit and output("ls-tree", commit, "buf.yaml")), "")


def compatibility() -> bool:
    """That clients of the earlier contract can go on; its third-party imports are today's."""
    promised = promised_contract()
    if not promised:
        print("no earlier contract to keep: nothing is compared")
        return True
    copy_sources()
    earlier = ROOT / "build/earlier"
    shutil.rmtree(earlier, ignore_errors=True)
    earlier.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", promised, "buf.yaml", "proto"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(earlier)], input=archive.stdout, check=True)
    shutil.copytree(ROOT / "build/proto", earlier / "build/proto")
    return passes("buf", "breaking", "--against", "build/earlier")


def generated() -> bool:
    return passes("python", "-m", "tools.generate", "--check")


def openapi() -> bool:
    return passes("openapi-spec-validator", "docs/openapi.json")


def deployment() -> bool:
    """The Compose files and the workflows."""
    schema = ("check-jsonschema", "--quiet", "--builtin-schema")
    checked = [
        passes(*schema, "vendor.compose-spec", *map(str, ROOT.glob("docker-compose*.yml"))),
        passes(*schema, "vendor.github-workflows", *map(str, ROOT.glob(".github/workflows/*.yml"))),
        passes("zizmor", "--offline", "--quiet", "--no-progress", "--min-severity=medium", ".github"),
    ]
    return all(checked)


CHECKS: dict[str, Callable[[], bool]] = {
    "style": python_style,
    "types": types,
    "layers": layers,
    "contract": contract,
    "compatibility": compatibility,
    "generated": generated,
    "openapi": openapi,
    "deployment": deployment,
}


def main() -> None:
    failed = []
    for name in sys.argv[1:] or CHECKS:
        started = time.monotonic()
        print(f"lint: {name}", flush=True)
        if not CHECKS[name]():
            failed.append(name)
        print(f"lint: {name} {'FAILED' if name in failed else 'ok'} ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        sys.exit(f"lint: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
