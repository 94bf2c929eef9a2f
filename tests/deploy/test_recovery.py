"""The drill of a disaster: what `gazette backup` and `gazette restore` do as commands, over a real S3 protocol, while the
database is written to and then destroyed; and a replica that takes its place. The numbers are printed, for docs/backup.md."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from devstack import binaries
from devstack.ports import LOOPBACK
from server.recovery.programs import Programs
from server.recovery.scratch import Cluster, free_port
from server.stores.blobs.s3_client import configuration, connected, session_of
from tests.deploy import rgw
from tests.installing import python_tool
from tests.recovery.clusters import environment, make_roles
from tests.recovery.filling import fill

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]

KEYS = ("gazette-backup", "a-secret-of-the-drill")
MEGABYTES = 25
GAZETTE = str(Path(sys.executable).with_name("gazette"))


@pytest.fixture(params=["rclone", "rgw"])
def buckets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Buckets]:
    """Two services of the S3 protocol that check signatures."""
    serving = rclone if request.param == "rclone" else ceph
    with serving(tmp_path) as buckets:
        buckets.make("backups")
        buckets.make("files")
        yield buckets


@dataclass(frozen=True)
class Buckets:
    """A service of the S3 protocol: one bucket for backups, and one for the files if it can list multipart uploads where there
    are none, which rclone cannot."""

    endpoint: str
    access_key: str
    secret_key: str
    has_files: bool

    @property
    def settings(self) -> dict[str, str]:
        keys = {"ENDPOINT": self.endpoint, "ACCESS_KEY": self.access_key, "SECRET_KEY": self.secret_key}
        files, backups = ({f"{prefix}_{name}": value for name, value in keys.items()} for prefix in ("S3", "BACKUP_S3"))
        if self.has_files:
            backups |= {**files, "S3_BUCKET_NAME": "files", "FILES_DIRECTORY": ""}
        return {**backups, "BACKUP_S3_BUCKET_NAME": "backups", "BACKUP_DIRECTORY": ""}

    def make(self, bucket: str) -> None:
        self.client.create_bucket(Bucket=bucket)

    def empty(self, bucket: str) -> None:
        """Deletes all that is there."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for each in page.get("Contents", ()):
                self.client.delete_object(Bucket=bucket, Key=each["Key"])

    @property
    def client(self) -> S3Client:
        config = configuration(self.endpoint, connect_timeout=5, read_timeout=60, attempts=8)
        return connected(session_of(self.access_key, self.secret_key, "us-east-1"), self.endpoint, config)


@contextmanager
def rclone(folder: Path) -> Iterator[Buckets]:
    program, buckets = python_tool("s3") / "rclone", Buckets(f"http://{LOOPBACK}:{free_port()}", *KEYS, has_files=False)
    (folder / "s3").mkdir()
    where = [f"--addr={buckets.endpoint.removeprefix('http://')}", f"--auth-key={','.join(KEYS)}", "--force-path-style=true"]
    command = [str(program), "serve", "s3", *where, str(folder / "s3")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield buckets
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def ceph(folder: Path) -> Iterator[Buckets]:
    with rgw.serving(folder / "ceph") as cluster:
        yield Buckets(cluster.endpoint, rgw.ACCESS_KEY, rgw.SECRET_KEY, has_files=True)


async def gazette(environ: dict[str, str], *arguments: str) -> tuple[str, float]:
    """What the command says, and how many seconds it took. It must succeed."""
    start = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        GAZETTE, *arguments, env={**os.environ, **environ}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, f"gazette {' '.join(arguments)}\n{said.decode()}"
    return said.decode(), time.monotonic() - start


async def install(cluster: Cluster, environ: dict[str, str], megabytes: int) -> tuple[int, int]:
    """An installation with content: its database's size in MB, and how many files it has."""
    await make_roles(cluster)
    await gazette(environ, "migrate")
    await gazette(environ, "organisations", "create", "--slug=harbours", "--name=Harbours")
    person = ("--email=author@example.gov", "--name=Author", "--role=author", "--organisation=harbours")
    await gazette({**environ, "GAZETTE_PASSWORD": "violet-harbour-lantern"}, "accounts", "create", *person)
    return await fill(environ, cluster.url("gazette"), megabytes)


def addresses(cluster: Cluster) -> dict[str, str]:
    """The settings that name the cluster."""
    roles = {"DATABASE_URL": "gazette", "MIGRATION_DATABASE_URL": "gazette_owner", "BACKUP_DATABASE_URL": "gazette_backup"}
    return {name: cluster.url("gazette", role) for name, role in roles.items()}


@dataclass
class Writer:
    """Writes to a database, one transaction after the other, until it can no more."""

    url: str
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    """Numbers, and when each was acknowledged."""

    async def write(self) -> None:
        connection = await asyncpg.connect(self.url)
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            while True:
                number = await connection.fetchval("INSERT INTO written DEFAULT VALUES RETURNING id")
                self.acknowledged.append((number, time.time()))
                await asyncio.sleep(0.01)
        connection.terminate()


@asynccontextmanager
async def archiver(environ: dict[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        GAZETTE, "backup", "wal", env={**os.environ, **environ}, stdout=PIPE, stderr=STDOUT
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        assert b"archived up to" in line, line
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def destroy(cluster: Cluster) -> None:
    """As a machine that burns: no process ends in order, and nothing of the folder is left."""
    pid = int((cluster.folder / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(shutil.rmtree, cluster.folder, ignore_errors=True)


async def counted(cluster: Cluster) -> set[int]:
    connection = await asyncpg.connect(cluster.url("gazette"))
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM written")}
    finally:
        await connection.close()


async def test_a_destroyed_database_comes_back(tmp_path: Path, buckets: Buckets, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that was acknowledged more than some seconds before the end is missing, the record and the audit are whole, and
    every file is there again."""
    programs = Programs(Path(binaries.binary(binaries.POSTGRES)).parent)
    took: dict[str, float] = {}
    async with Cluster.made(programs, tmp_path / "primary") as cluster:
        environ = {**environment(cluster, tmp_path), **buckets.settings, "BACKUP_WAL_INTERVAL": "5s"}
        size, files = await install(cluster, environ, MEGABYTES)
        writer = Writer(cluster.url("gazette"))
        async with archiver(environ):
            writing = asyncio.create_task(writer.write())
            _, took["backup"] = await gazette(environ, "backup")
            _, took["verify"] = await gazette(environ, "backup", "verify", "--files")
            await asyncio.sleep(12)
            end = time.time()
            await destroy(cluster)
            await writing
        if buckets.has_files:
            buckets.empty("files")
        else:
            shutil.rmtree(tmp_path / "files")
    shutil.rmtree(tmp_path / "wal")  # the archiver's folder is lost as well
    begun = time.monotonic()
    restored = tmp_path / "restored"
    _, took["restore base and WAL"] = await gazette(environ, "restore", "--data-directory", str(restored), "--files")
    async with Cluster.of(programs, restored) as cluster:
        started = time.monotonic()
        await cluster.ready()
        took["recovery by PostgreSQL"] = time.monotonic() - started
        took["all until it takes writes"] = time.monotonic() - begun
        there = {**environ, **addresses(cluster)}
        said, took["check"] = await gazette(there, "restore", "check")
        await gazette(there, "audit", "verify")
        kept = await counted(cluster)
    missing = [(number, at) for number, at in writer.acknowledged if number not in kept]
    lost = end - missing[0][1] if missing else 0.0
    with capsys.disabled():
        written = len(writer.acknowledged)
        print(f"\ndatabase {size} MB, {files} files, {written} writes; lost: the last {len(missing)}, of {lost:.1f} s")
        print("\n".join(f"{what}: {seconds:.1f} s" for what, seconds in took.items()))
    assert len(writer.acknowledged) > 500
    assert lost < 10, "what was committed is archived within the interval and a moment"
    assert missing == writer.acknowledged[len(writer.acknowledged) - len(missing) :], "nothing is missing before what is there"
    assert f"{files} files" in said


async def test_a_replica_takes_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A synchronous replica is promoted while writes go on: nothing that was acknowledged is missing, and the record and the
    audit go on there."""
    programs = Programs(Path(binaries.binary(binaries.POSTGRES)).parent)
    async with Cluster.made(programs, tmp_path / "primary") as cluster:
        environ = environment(cluster, tmp_path)
        await install(cluster, environ, 5)
        folder = tmp_path / "replica"
        await programs.run("pg_basebackup", f"--pgdata={folder}", "--write-recovery-conf", "--create-slot", "--slot=replica",
                           "--checkpoint=fast", url=cluster.url("postgres"))  # fmt: skip
        writer = Writer(cluster.url("gazette"))
        async with Cluster.of(programs, folder, free_port()) as replica:
            await streaming(cluster)
            await cluster.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            await cluster.execute("SELECT pg_reload_conf()")
            writing = asyncio.create_task(writer.write())
            await asyncio.sleep(5)
            await destroy(cluster)
            begun = time.monotonic()
            await writing
            await replica.execute("SELECT pg_promote()")
            await replica.ready()
            seconds = time.monotonic() - begun
            kept = await counted(replica)
            there = {**environ, **addresses(replica)}
            await gazette(there, "audit", "verify")
            await replica.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await gazette(there, "backup")
    with capsys.disabled():
        print(f"\na replica took over in {seconds:.1f} s; {len(writer.acknowledged)} writes were acknowledged")
    assert len(writer.acknowledged) > 100
    assert {number for number, _ in writer.acknowledged} <= kept


async def streaming(cluster: Cluster) -> None:
    """Waits until a replica streams."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    async with asyncio.timeout(30):
        while not await connection.fetchval("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"):
            await asyncio.sleep(0.1)
    await connection.close()
