"""Stand-ins for kubectl and docker, to be put on PATH: they keep what they were told, and fail where they are told to.

A stand-in knows only the forms of calls that deploy/scripts make: any other call fails.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "deploy/scripts"
OLD, NEW = "ghcr.io/example/gazette:1.0.0", "ghcr.io/example/gazette@sha256:" + "a" * 64
BACKUP = "ghcr.io/example/gazette-backup:2.0.0"

COMMON = f"""#!{sys.executable}
import json, os, re, sys
from pathlib import Path
home = Path(os.environ["STAND_IN_HOME"])
said = " ".join(sys.argv[1:])
with open(home / "calls", "a") as calls:
    calls.write(Path(sys.argv[0]).name + " " + said + "\\n")
if os.environ.get("FAIL_AT") and re.search(os.environ["FAIL_AT"], said):
    sys.exit("stand-in: told to fail at this")
state = json.loads((home / "state").read_text())
def keep(): (home / "state").write_text(json.dumps(state))
def after(word): return sys.argv[sys.argv.index(word) + 1]
"""

KUBECTL = (
    COMMON
    + r"""
broken = os.environ.get("BROKEN", "none")
if m := re.search(r"get (?:deployment/(\S+)|(cronjob/\S+)) --output jsonpath=.*\.(initContainers|containers)\[", said):
    for name, image in state[m[1] or m[2]][m[3]].items():
        print(name, image)
    print()
elif "get job gazette-migrate --output json" in said:
    print((home / "job.json").read_text())
elif m := re.search(r"create job (\S+) --from=cronjob/gazette-backup", said):
    state["jobs"][m[1]] = "backup"; keep()
elif "create --filename -" in said:
    job = json.load(sys.stdin)
    container = job["spec"]["template"]["spec"]["containers"][0]
    state["jobs"][job["metadata"]["name"]] = [container["image"], *container["args"]]; keep()
elif m := re.search(r"get job (\S+) --output jsonpath", said):
    what = state["jobs"][m[1]]
    failed = os.environ.get("FAILED_JOB") == ("backup" if what == "backup" else "migrate")
    print("FailureTarget Failed" if failed else "SuccessCriteriaMet Complete")
elif "logs job/" in said:
    print("what the job said")
elif m := re.search(r"rollout restart deployment/(\S+) deployment/(\S+)$", said):
    state["restarted"] += [m[1], m[2]]; keep()
elif m := re.search(r"set image (?:deployment/)?(\S+) (.+)", said):
    for pair in m[2].split():
        name, _, image = pair.partition("=")
        (place,) = [p for p in ("initContainers", "containers") if name in state[m[1]][p]]
        state[m[1]][place][name] = image
    keep()
elif m := re.search(r"rollout status deployment/(\S+) --timeout=\d+s", said):
    if broken in state[m[1]]["containers"].values():
        sys.exit("error: timed out waiting for the condition")
else:
    sys.exit("stand-in: an unknown call: " + said)
"""
)

DOCKER = (
    COMMON
    + r"""
broken = os.environ.get("BROKEN", "none").split(",")
image = os.environ.get("GAZETTE_IMAGE", "")
if said.startswith("login ghcr.io"):
    state["login"] = sys.stdin.read(); keep()
elif said.startswith(("logout ", "load ", "push ", "save ")):
    print("bytes of an image")
elif said.startswith("inspect --format {{index .RepoDigests 0}}"):
    print(sys.argv[-1].rpartition(":")[0] + "@sha256:" + "b" * 64)
elif said.startswith("buildx imagetools inspect"):
    print(os.environ.get("DIGEST", "sha256:" + "a" * 64))
elif m := re.search(r"compose .* ps --quiet server", said):
    print("abc123" if state["image"] else "", end="")
elif said.startswith("inspect --format {{.Config.Image}} abc123"):
    print(state["image"])
elif re.search(r"compose .* run --rm backup$", said):
    state["backups"] += 1; keep()
elif m := re.search(r"compose .* run --rm migrate migrate (\S+)", said):
    state["migrations"].append([image, m[1]]); keep()
elif re.search(r"compose .* pull --quiet", said):
    pass
elif re.search(r"compose .* restart server worker$", said):
    state["restarted"] += ["server", "worker"]; keep()
elif re.search(r"compose .* up --detach --no-build --wait --wait-timeout \d+$", said):
    if os.environ.get("FAIL_UP") == "all" or image in broken:
        state["image"] = image; keep()  # Compose has replaced the container before it sees that it is not healthy
        sys.exit("container gazette-server-1 is unhealthy")
    state["image"] = image; keep()
else:
    sys.exit("stand-in: an unknown call: " + said)
"""
)

RECORDER = (
    COMMON
    + """
if not sys.stdin.isatty():
    (home / "given").write_text(sys.stdin.read())
if (home / "answer").exists():
    print((home / "answer").read_text())
"""
)
"""What only has to be called rightly: cosign, gh, aws, curl."""

SSH = """#!/bin/sh
for last; do :; done
mkdir -p "$STAND_IN_HOME/remote" && cd "$STAND_IN_HOME/remote" && exec bash -c "$last"
"""
"""Runs what is to be run there in a folder here."""

SMOKE = '#!/bin/sh\necho "smoke $*" >> "$STAND_IN_HOME/calls"\nexit "${SMOKE_STATUS:-0}"\n'

MIGRATION_JOB = {
    "metadata": {"name": "gazette-migrate", "namespace": "gazette", "uid": "1", "resourceVersion": "7"},
    "spec": {
        "backoffLimit": 0,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}},
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/name": "gazette",
                    "batch.kubernetes.io/controller-uid": "1",
                    "batch.kubernetes.io/job-name": "gazette-migrate",
                    "controller-uid": "1",
                    "job-name": "gazette-migrate",
                }
            },
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {"name": "migrate", "image": OLD, "args": ["migrate"], "envFrom": [{"secretRef": {"name": "s"}}]}
                ],
            },
        },
    },
    "status": {"succeeded": 1},
}

PROGRAMS = {
    "kubectl": KUBECTL,
    "docker": DOCKER,
    "smoke-stand-in": SMOKE,
    "ssh": SSH,
    **dict.fromkeys(("cosign", "gh", "aws", "curl"), RECORDER),
}


@dataclass(frozen=True)
class Stage:
    """A folder of stand-ins, and what they were told."""

    home: Path

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs one of deploy/scripts with the stand-ins before everything else on PATH."""
        return self.execute([str(SCRIPTS / script), *arguments], self.home, **environment)

    def execute(self, command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "STAND_IN_HOME": str(self.home), "GAZETTE_SMOKE": "smoke-stand-in", "POLL_SECONDS": "0"}
        return subprocess.run(
            command,
            cwd=folder,
            env=own | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def state(self) -> dict[str, object]:
        kept: dict[str, object] = json.loads((self.home / "state").read_text())
        return kept

    @property
    def calls(self) -> list[str]:
        file = self.home / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def called(self, pattern: str) -> int:
        """The place of the first call that looks so; -1 if there was none."""
        return next((at for at, call in enumerate(self.calls) if re.search(pattern, call)), -1)


def set_stage(home: Path) -> Stage:
    """The old version serves, in both targets."""
    programs = home / "bin"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    state = {
        "gazette-server": {
            "initContainers": {"envoy-config": OLD},
            "containers": {"server": OLD, "envoy": "envoyproxy/envoy:v1.40.0"},
        },
        "gazette-worker": {"initContainers": {}, "containers": {"worker": OLD}},
        "cronjob/gazette-backup": {"initContainers": {}, "containers": {"backup": "ghcr.io/example/gazette-backup:1.0.0"}},
        "jobs": {},
        "image": OLD,
        "restarted": [],
        "backups": 0,
        "migrations": [],
    }
    (home / "state").write_text(json.dumps(state))
    (home / "job.json").write_text(json.dumps(MIGRATION_JOB))
    for name in ("docker-compose.prod.yml", "docker-compose.staging.yml", ".env"):
        (home / name).write_text("")
    return Stage(home)
