"""PostgreSQL for a moment: a cluster in a folder, on loopback, with no safety against power cuts."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from server.recovery.failures import RecoveryFailed
from server.recovery.programs import Programs
from server.settings import child_environment

START_SECONDS = 120.0
ROOT = 0
# PostgreSQL refuses to run as root: then it runs as nobody, who may still pass the directories above its data.
AS_NOBODY = (
    "setpriv",
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "archive_mode": "off",
    "ssl": "off",
    "shared_preload_libraries": "",
    "max_connections": "200",
}


@dataclass
class Cluster:
    """A cluster that runs, or will."""

    programs: Programs
    folder: Path
    port: int
    password: str

    @classmethod
    @asynccontextmanager
    async def made(cls, programs: Programs, folder: Path) -> AsyncGenerator[Cluster, None]:
        """A new one."""
        cluster = cls(programs, folder, free_port(), secrets.token_hex(16))
        await asyncio.to_thread(folder.mkdir, 0o700)
        await cluster.hand_over()
        args = ("-D", str(folder), "-U", "postgres", "--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8")
        await cluster.run("initdb", *args, "--locale=C.UTF-8", "--no-sync", given=cluster.password)
        async with cluster.running():
            await cluster.ready()
            yield cluster

    @classmethod
    @asynccontextmanager
    async def of(cls, programs: Programs, folder: Path, port: int = 0) -> AsyncGenerator[Cluster, None]:
        """What is in the folder, whose superuser's password nobody knows: connections on loopback need none."""
        cluster = cls(programs, folder, port or free_port(), "")
        access = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
        await asyncio.to_thread((folder / "pg_hba.conf").write_text, access)
        await cluster.hand_over()
        async with cluster.running():
            yield cluster

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def ready(self) -> None:
        """Waits until it has recovered, and takes connections that write."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.url("postgres"), timeout=2)
                try:
                    if not await connection.fetchval("SELECT pg_is_in_recovery()"):
                        return
                finally:
                    await connection.close()
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                if asyncio.get_running_loop().time() > deadline or not (self.folder / "postmaster.pid").exists():
                    raise RecoveryFailed(f"PostgreSQL does not start ({error}): {self.said()}") from error
            await asyncio.sleep(0.1)

    def said(self) -> str:
        log = self.folder.with_suffix(".log")
        return " | ".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        options = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        command = self.command("postgres", "-D", str(self.folder), *options)
        with self.folder.with_suffix(".log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=log, stderr=STDOUT)
        try:
            for _ in range(100):
                if process.returncode is not None or (self.folder / "postmaster.pid").exists():
                    break
                await asyncio.sleep(0.05)
            if process.returncode is not None:
                raise RecoveryFailed(f"PostgreSQL does not start: {self.said()}")
            yield
        finally:
            if process.returncode is None:
                process.send_signal(2)  # SIGINT: "fast"
                await process.wait()

    def command(self, name: str, *args: str) -> Sequence[str]:
        program = self.programs.path(name)
        return [*(AS_NOBODY if os.geteuid() == ROOT else ()), program, *args]

    async def hand_over(self) -> None:
        """Gives the folder to whom PostgreSQL runs as, if that is not us."""
        if os.geteuid() == ROOT:
            await asyncio.to_thread(give, self.folder)

    async def run(self, name: str, *args: str, given: str = "") -> None:
        process = await asyncio.create_subprocess_exec(
            *self.command(name, *args), stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=child_environment()
        )
        said, _ = await process.communicate(given.encode())
        if process.returncode:
            raise RecoveryFailed(f"{name} failed: {said.decode(errors='replace')[-500:]}")


def give(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        shutil.chown(path, "nobody", "nogroup")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
