"""deploy.sh and rollback.sh with real processes: releases of Gazette as folders of code, a real database with its
migrations, and a real smoke test. In Docker's place stands a program that starts and stops these processes as
`docker compose` does containers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio

from devstack.ports import free_port
from server.stores import postgres, schema
from tests.deploy.stand_ins import ROOT, SCRIPTS
from tests.publishing import put_page
from tests.servers import Servers
from tests.service import administer, make_settings, make_template

OLD, NEW, ILL = "gazette:1.0.0", "gazette:2.0.0", "gazette:2.0.1"
HEAD = schema.revisions()[-1]
NEXT = f"{int(HEAD) + 1:04}"

MIGRATION = f'''"""A table and a column that only the newer release knows."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{HEAD}", None, None
SERVES = "{HEAD}"


def upgrade() -> None:
    op.create_table("novelties", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("pages", sa.Column("novelty", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("pages", "novelty")
    op.drop_table("novelties")
'''

DOCKER = f"""#!{sys.executable}
import json, os, re, signal, subprocess, sys, time
from pathlib import Path
home = Path(os.environ["STAND_IN_HOME"])
said = " ".join(sys.argv[1:])
image = os.environ.get("GAZETTE_IMAGE", "")
serving = json.loads((home / "serving").read_text()) if (home / "serving").exists() else None
environment = {{"PATH": os.environ["PATH"], **json.loads((home / "environment").read_text())}}

def gazette(*arguments, **more):
    code = home / "images" / image.replace(":", "-")
    return subprocess.Popen([sys.executable, "-m", "server", *arguments], cwd=code, env=environment, **more)

if re.search(r"compose .* ps --quiet server", said):
    print("container-1" if serving else "", end="")
elif said == "inspect --format {{{{.Config.Image}}}} container-1":
    print(serving["image"])
elif said.endswith("run --rm backup"):
    (home / "backups").open("a").write("backup\\n")
elif found := re.search(r"run --rm migrate migrate (\\S+)", said):
    sys.exit(gazette("migrate", found[1]).wait())
elif "pull --quiet" in said or said.endswith("restart server worker"):
    pass  # `up` below starts the process anew in any case
elif found := re.search(r"up --detach --no-build --wait --wait-timeout (\\d+)", said):
    if gazette("migrate").wait():
        sys.exit("service migrate did not complete successfully")
    if serving:
        os.kill(serving["pid"], signal.SIGTERM)
        while Path(f"/proc/{{serving['pid']}}/cmdline").exists() and Path(f"/proc/{{serving['pid']}}/cmdline").read_bytes():
            time.sleep(0.05)
    log = open(home / "log", "a")
    process = gazette("serve", stdout=log, stderr=log, start_new_session=True)
    (home / "serving").write_text(json.dumps({{"image": image, "pid": process.pid}}))
    end = time.monotonic() + int(found[1])
    while time.monotonic() < end and process.poll() is None:
        if gazette("health", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait() == 0:
            sys.exit(0)
        time.sleep(0.2)
    sys.exit("container gazette-server-1 is unhealthy")
else:
    sys.exit("stand-in: an unknown call: " + said)
"""


class Machine:
    """A machine on which releases are brought up."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home, self.environment = home, environment

    def release(self, image: str, **changes: str) -> None:
        """A release as a folder of code: this one's, with files added or changed."""
        code = self.home / "images" / image.replace(":", "-")
        for folder in ("server", "migrations"):
            shutil.copytree(ROOT / folder, code / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name, text in changes.items():
            (code / name.replace("__", "/").replace("_py", ".py")).write_text(text)

    def run(self, script: str, image: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPTS / script), "--target", "compose", "--image", image, "--timeout", "20", *arguments],
            cwd=self.home,
            env={"PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}", "STAND_IN_HOME": str(self.home), **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )

    @property
    def serving(self) -> str:
        """The release that answers; it must be alive and healthy."""
        kept: dict[str, Any] = json.loads((self.home / "serving").read_text())
        code = self.home / "images" / kept["image"].replace(":", "-")
        assert Path(psutil.Process(kept["pid"]).cwd()) == code
        asked = subprocess.run(
            [sys.executable, "-m", "server", "health"],
            cwd=code,
            env={"PATH": os.environ["PATH"], **self.environment},
            check=False,
        )
        assert asked.returncode == 0
        return str(kept["image"])

    def end(self) -> None:
        if (self.home / "serving").exists():
            pid = json.loads((self.home / "serving").read_text())["pid"]
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGTERM)
                psutil.Process(pid).wait(20) if psutil.pid_exists(pid) else None


@pytest_asyncio.fixture
async def machine(servers: Servers, tmp_path: Path) -> AsyncIterator[Machine]:
    name = await make_template(servers)
    values = make_settings(servers, name, tmp_path)
    database = postgres.connect(values)
    await put_page(database, "/kept")
    await database.close()
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": values.database_url,
        "MIGRATION_DATABASE_URL": values.migration_database_url,
        "REDIS_URL": values.redis_url,
        "JWT_SECRET": values.jwt_secret,
        "REFRESH_TOKEN_SECRET": values.refresh_token_secret,
        "ENCRYPTION_KEY": values.encryption_key,
        "FILES_DIRECTORY": str(tmp_path / "files"),
        "GRPC_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "DRAIN_TIME": "1s",
    }
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    (tmp_path / "environment").write_text(json.dumps(environment))
    for each in ("docker-compose.prod.yml", ".env"):
        (tmp_path / each).write_text("")
    machine = Machine(tmp_path, environment)
    machine.release(OLD)
    newer = {f"migrations__versions__{NEXT}_novelties_py": MIGRATION}
    machine.release(NEW, **newer)
    machine.release(ILL, **newer, server__process__worker_py="raise SystemExit('this release cannot start')\n")
    yield machine
    machine.end()
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def asked(machine: Machine, question: str) -> Any:
    connection = await asyncpg.connect(machine.environment["MIGRATION_DATABASE_URL"])
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


@pytest.mark.deploy
@pytest.mark.heavy
async def test_an_ill_release(machine: Machine) -> None:
    """A release that never becomes healthy is taken back, though its migration stays, and the one before is said to serve."""
    done = machine.run("deploy.sh", OLD)
    assert (done.returncode, machine.serving) == (0, OLD), done.stderr
    done = machine.run("deploy.sh", ILL, "--timeout", "8")
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1] == f"deploy.sh: {ILL} did not become healthy; the old version {OLD} still serves"
    assert (machine.serving, await asked(machine, "SELECT version_num FROM alembic_version")) == (OLD, NEXT)


@pytest.mark.deploy
@pytest.mark.heavy
async def test_the_image_back(machine: Machine) -> None:
    """The release before comes back beside the newer schema, with every row and every value."""
    done = machine.run("deploy.sh", NEW)
    assert (done.returncode, machine.serving) == (0, NEW), done.stderr
    await asked(machine, "UPDATE pages SET novelty = 'something'")
    done = machine.run("rollback.sh", OLD)
    assert (done.returncode, machine.serving) == (0, OLD), done.stderr
    assert await asked(machine, "SELECT count(*) FROM pages WHERE novelty = 'something'") == 1
    assert not (machine.home / "backups").exists(), "the first version had nothing to back up, and the way back asks for none"


@pytest.mark.deploy
@pytest.mark.heavy
async def test_the_schema_back(machine: Machine) -> None:
    """When asked, the schema goes back too, after a backup: what the newer release alone knew is gone, and rows are not."""
    done = machine.run("deploy.sh", NEW)
    assert done.returncode == 0, done.stderr
    done = machine.run("rollback.sh", OLD, "--downgrade-to", HEAD)
    assert (done.returncode, machine.serving) == (0, OLD), done.stderr
    assert await asked(machine, "SELECT version_num FROM alembic_version") == HEAD
    assert await asked(machine, "SELECT count(*) FROM pages WHERE path = '/kept'") == 1
    assert await asked(machine, "SELECT to_regclass('novelties')") is None
    assert (machine.home / "backups").read_text() == "backup\n"


@pytest.mark.deploy
@pytest.mark.heavy
async def test_the_smoke_test_is_asked(machine: Machine) -> None:
    """A release that is healthy, and that nobody reaches at its address, is taken back."""
    done = machine.run("deploy.sh", OLD)
    assert done.returncode == 0, done.stderr
    smoke = machine.home / "bin/gazette-smoke"
    smoke.write_text(f'#!/bin/sh\nexec {sys.executable} -m server "$@" --wait 0\n')
    smoke.chmod(0o755)
    done = machine.run("deploy.sh", NEW, "--url", "http://127.0.0.1:1", GAZETTE_SMOKE="gazette-smoke", PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert "FAILED  health: no answer" in done.stderr
    assert done.stderr.splitlines()[-1] == f"deploy.sh: {NEW} does not pass the smoke test; the old version {OLD} still serves"
    assert machine.serving == OLD
