"""`make lint`: every check, as many at a time as there are processors, each named with its time; all run even when one fails.

`python -m tools.lint types layers` runs those alone.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.contract_sources import copy_sources

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPED = ("server", "clients/python/gazette_client", "devstack", "bench", "tools", "tests", "migrations")


FORMS = [str(each) for each in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")]

Say = Callable[[str], object]


def passes(say: Say, program: str, *arguments: str) -> bool:
    """Runs one of this environment's programs, and hands on what it says."""
    environment = {**os.environ, "PATH": os.pathsep.join((str(BIN), os.environ.get("PATH", "")))}
    command = [program, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    say(done.stdout)
    return not done.returncode


def python_style(say: Say) -> bool:
    checked = passes(say, "ruff", "check", "--quiet", ".")
    return passes(say, "ruff", "format", "--check", "--quiet", ".") and checked


def types(say: Say) -> bool:
    return passes(say, "mypy", *(folder for folder in TYPED if any((ROOT / folder).rglob("*.py"))))


def layers(say: Say) -> bool:
    return passes(say, "lint-imports", "--no-logo") if (ROOT / "server/app.py").exists() else True


def contract(say: Say) -> bool:
    copy_sources()
    return passes(say, "buf", "lint") and passes(say, "buf", "format", "--diff", "--exit-code", "proto")


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


def compatibility(say: Say) -> bool:
    """That clients of the earlier contract can go on; its third-party imports are today's."""
    promised = promised_contract()
    if not promised:
        say("no earlier contract to keep: nothing is compared\n")
        return True
    copy_sources()
    earlier = ROOT / "build/earlier"
    shutil.rmtree(earlier, ignore_errors=True)
    earlier.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", promised, "buf.yaml", "proto"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(earlier)], input=archive.stdout, check=True)
    shutil.copytree(ROOT / "build/proto", earlier / "build/proto")
    return passes(say, "buf", "breaking", "--against", "build/earlier")


def generated(say: Say) -> bool:
    return passes(say, "python", "-m", "tools.generate", "--check")


def openapi(say: Say) -> bool:
    return passes(say, "openapi-spec-validator", "docs/openapi.json")


def deployment(say: Say) -> bool:
    """The Compose files and the workflows."""
    schema = ("check-jsonschema", "--quiet", "--builtin-schema")
    checked = [
        passes(say, *schema, "vendor.compose-spec", *map(str, ROOT.glob("docker-compose*.yml"))),
        passes(say, *schema, "vendor.github-workflows", *map(str, ROOT.glob(".github/workflows/*.yml"))),
        passes(say, *schema, "vendor.github-actions", *map(str, ROOT.glob(".github/actions/*/action.yml"))),
        passes(say, *schema, "vendor.dependabot", ".github/dependabot.yml"),
        passes(say, *schema, "vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        passes(say, *schema, "vendor.github-issue-forms", *(form for form in FORMS if not form.endswith("config.yml"))),
        passes(say, "zizmor", "--offline", "--quiet", "--no-progress", "--min-severity=medium", ".github"),
    ]
    return all(checked)


CHECKS: dict[str, Callable[[Say], bool]] = {
    "types": types,  # the longest, so the first
    "style": python_style,
    "layers": layers,
    "deployment": deployment,
    "openapi": openapi,
}
CONTRACT_CHECKS: dict[str, Callable[[Say], bool]] = {
    "contract": contract,
    "compatibility": compatibility,
    "generated": generated,
}
"""Those that write to `build`, one after the other."""


def check(*names: str) -> list[str]:
    """Runs the checks in this order. The names of those that failed."""
    failed = []
    for name in names:
        started = time.monotonic()
        said: list[str] = []
        if not (CHECKS | CONTRACT_CHECKS)[name](said.append):
            failed.append(name)
        told = "FAILED" if name in failed else "ok"
        print(f"{''.join(said)}lint: {name} {told} ({time.monotonic() - started:.1f} s)", flush=True)
    return failed


def main() -> None:
    wanted = sys.argv[1:] or [*CHECKS, *CONTRACT_CHECKS]
    in_turn = [name for name in wanted if name in CONTRACT_CHECKS]
    with ThreadPoolExecutor(os.cpu_count()) as together:
        runs = [together.submit(check, name) for name in wanted if name not in CONTRACT_CHECKS]
        runs.append(together.submit(check, *in_turn))
    failed = [name for run in runs for name in run.result()]
    if failed:
        sys.exit(f"lint: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
