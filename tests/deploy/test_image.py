"""The image, really built and run: what it is, what it may, how soon it serves, and that it ends without losing a call."""

from __future__ import annotations

import asyncio
import gzip
import json
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.deploy.engine import Engine, engine
from tests.installing import ROOT
from tests.polling import until_so
from tests.servers import Servers
from tests.test_start import environment

IMAGE = "gazette:tests"
CONFINED = ("--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp")
MIB = 1 << 20
STARTS = 5
OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
]
pytestmark = [pytest.mark.deploy, pytest.mark.heavy]


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with engine() as started:
        started.build(IMAGE, "runtime", VERSION="1.2.3", REVISION="abc", SOURCE="https://example.gov/gazette")
        yield started


@pytest.fixture
def settings(servers: Servers, template: str, tmp_path: Path) -> dict[str, str]:
    values = {
        **environment(servers, template, tmp_path),
        "FILES_DIRECTORY": "/tmp/files",
        "SOCKET_DIR": "",
        "MAIL_DIRECTORY": "",
    }
    return {name: value for name, value in values.items() if name != "PATH"}


def test_what_it_is(docker: Engine) -> None:
    """Its labels say what it was made of, it runs as 1001, and holds no compiler, no tests and no settings."""
    about: dict[str, Any] = json.loads(docker.docker("inspect", IMAGE))[0]["Config"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in about["Labels"].items()}
    assert (labels["version"], labels["revision"], labels["source"]) == ("1.2.3", "abc", "https://example.gov/gazette")
    assert about["User"] == "1001:1001"
    assert about["Entrypoint"] == ["tini", "--", "gazette"]
    look = "command -v cc gcc make; find / -xdev \\( -name .env -o -path '*/site-packages/tests' \\) 2>/dev/null; id -u"
    assert inside(docker, look) == "1001"


def test_its_parts_are_listed(docker: Engine) -> None:
    """The SBOM in the image names every package that is installed there, and the lock file's version of each."""
    listed = json.loads(inside(docker, "cat /usr/share/gazette/sbom.cdx.json"))
    assert listed["bomFormat"] == "CycloneDX"
    named = {each["name"].lower().replace("_", "-"): each["version"] for each in listed["components"]}
    locked = dict(
        line.split(" ")[0].split("==") for line in (ROOT / "requirements/server.lock").read_text().splitlines() if "==" in line
    )
    assert {name: named.get(name.replace(".", "-"), named.get(name)) for name in locked} == locked


def test_nothing_is_compiled_at_its_start(docker: Engine) -> None:
    """All that a process imports, Python's own modules included, is there compiled: nothing of it could be written."""
    look = "loaded = [each for each in map(vars, [*sys.modules.values()]) if each.get('__cached__')]"
    say = "print(len(loaded) > 1000, [each['__name__'] for each in loaded if not os.path.exists(each['__cached__'])])"
    assert inside(docker, f'/opt/gazette/bin/python -c "import server.app, os, sys; {look}; {say}"') == "True []"


def test_its_size(docker: Engine) -> None:
    """Less than 300 MB are pulled, base included."""
    saved = subprocess.run(
        ["docker", "save", IMAGE],
        env={"PATH": "/usr/bin:/usr/local/bin", **({"DOCKER_HOST": docker.host} if docker.host else {})},
        check=True,
        capture_output=True,
    )
    size = len(gzip.compress(saved.stdout, 6))
    print(f"{size / 1e6:.0f} MB compressed, {len(saved.stdout) / 1e6:.0f} MB unpacked")
    assert size < 300 * MIB


def test_commands_need_nothing(docker: Engine) -> None:
    """Help, version and the health check need no settings: the check says that nobody answers, and no more."""
    assert inside(docker, "gazette --version").startswith("gazette, version")
    assert inside(docker, "gazette health; true") == ""
    assert inside(docker, "gazette health 2>&1 | grep --count UNAVAILABLE") == "1"


def test_the_image_for_backups(docker: Engine) -> None:
    """It is the same, and has PostgreSQL's own tools of the server's release, which run."""
    docker.build(f"{IMAGE}-backup", "backup")
    tools = "pg_dump pg_restore pg_basebackup pg_receivewal pg_verifybackup psql initdb postgres"
    command = f"for tool in {tools}; do $BACKUP_POSTGRES_BIN/$tool --version; done; id -u; gazette --version"
    said = docker.docker(
        "run", "--rm", "--network", "none", "--entrypoint", "sh", f"{IMAGE}-backup", "-c", command
    ).splitlines()
    assert len({line.split()[-1] for line in said[:8]}) == 1, said
    assert all("(PostgreSQL)" in line for line in said[:8])
    assert said[8] == "1001"
    assert said[9].startswith("gazette, version")
    cluster = "initdb --pgdata /tmp/data --username postgres --locale C.UTF-8 > /dev/null && echo made"
    made = docker.docker("run", "--rm", "--entrypoint", "sh", f"{IMAGE}-backup", "-c", f"$BACKUP_POSTGRES_BIN/{cluster}")
    assert made == "made"


@pytest_asyncio.fixture
async def container(docker: Engine, settings: Mapping[str, str]) -> AsyncIterator[str]:
    """A running server's id, confined as it is in production."""
    given = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    id = docker.docker("run", "--detach", *CONFINED, "--tmpfs", "/run/gazette:mode=0750,uid=1001,gid=1001", *given, IMAGE)
    try:
        yield id
    finally:
        docker.docker("rm", "--force", id)


async def test_it_ends_without_losing_a_call(docker: Engine, container: str, settings: Mapping[str, str]) -> None:
    """It serves within seconds, writes nowhere, answers what it has begun with when it is told to end, and exits with 0."""
    start = time.monotonic()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{settings['GRPC_PORT']}") as channel:
        stub = DeliveryServiceStub(channel)
        await stub.ListPages(ListPagesRequest(), wait_for_ready=True, timeout=60)
        print(f"served after {time.monotonic() - start:.1f} s")
        await until_so(lambda: docker.docker("exec", container, "gazette", "health", check=False).startswith("SERVING "))
        assert docker.docker("exec", container, "sh", "-c", "touch /opt/gazette/x 2>/dev/null || echo refused") == "refused"
        codes: Counter[str] = Counter()
        stopping = asyncio.Event()

        async def call() -> None:
            while True:
                is_late = stopping.is_set()
                try:
                    await stub.ListPages(ListPagesRequest(), timeout=10)
                except grpc.aio.AioRpcError as error:
                    codes[f"{error.code().name}{' late' if is_late else ' before'}"] += 1
                    return
                codes[f"OK{' late' if is_late else ' before'}"] += 1

        callers = [asyncio.create_task(call()) for _ in range(20)]
        await asyncio.sleep(1)
        stopping.set()
        await asyncio.to_thread(docker.docker, "kill", "--signal", "TERM", container)
        await asyncio.wait_for(asyncio.gather(*callers), 60)
    await until_so(lambda: state(docker, container)["Status"] == "exited")
    assert state(docker, container)["ExitCode"] == 0
    print(dict(codes))
    assert set(codes) <= {"OK before", "OK late", "UNAVAILABLE late", "UNAVAILABLE before"}
    assert codes["OK late"] > 20


async def test_how_soon_it_serves(docker: Engine, settings: Mapping[str, str]) -> None:
    """Each of five starts serves. It says how long they took, from `docker run` to SERVING over gRPC, and how much of the
    processors, which says more on a machine that does other work, too."""
    given = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    seconds, processor = [], []
    for _ in range(STARTS):
        start = time.monotonic()
        id = docker.docker("run", "--detach", *CONFINED, "--tmpfs", "/run/gazette:mode=0750,uid=1001,gid=1001", *given, IMAGE)
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{settings['GRPC_PORT']}", OPTIONS) as channel:
                request = health_pb2.HealthCheckRequest()
                stub: Any = HealthStub(channel)
                answer = await stub.Check(request, wait_for_ready=True, timeout=60)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            seconds.append(time.monotonic() - start)
            processor.append(used(docker, id))
        finally:
            docker.docker("rm", "--force", id)
    print(f"served after {statistics.median(seconds):.2f} s: {[round(each, 2) for each in seconds]}")
    print(f"of processors {statistics.median(processor):.2f} s: {[round(each, 2) for each in processor]}")


def used(docker: Engine, container: str) -> float:
    """Seconds of processors that all its processes have used."""
    pids = docker.docker("top", container, "-o", "pid").split()[1:]
    times = (psutil.Process(int(pid)).cpu_times() for pid in pids)
    return sum(each.user + each.system for each in times)


def state(docker: Engine, container: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(docker.docker("inspect", container))[0]["State"]
    return result


def inside(docker: Engine, command: str) -> str:
    """What a shell in the image says, without a network and without settings."""
    confined = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--entrypoint", "sh")
    return docker.docker("run", "--rm", *confined, IMAGE, "-c", command)
