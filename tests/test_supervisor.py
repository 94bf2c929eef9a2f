"""The supervisor's moments between: a worker that ends just when all are told to, and one that waits to be started again."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import grpc
import pytest

from server.process import ports
from server.process.supervisor import Supervisor, check_port, exit_code
from server.settings import CannotStart, load
from tests.polling import PATIENCE, turned
from tests.test_settings import GOOD


def supervisor(directory: Path) -> Supervisor:
    return Supervisor(load(GOOD), directory)


async def test_one_that_has_just_ended(tmp_path: Path) -> None:
    """That one worker has ended already keeps no other from being told to."""
    watched = supervisor(tmp_path)
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    await turned()
    running = await asyncio.create_subprocess_exec("sleep", "60")
    watched.processes = {0: ended, 1: running}
    watched.stop()
    assert await asyncio.wait_for(running.wait(), 5) != 0
    watched.kill()


async def test_a_stop_while_a_worker_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops the service need not wait until a worker that keeps dying may be started again."""
    monkeypatch.setattr("server.process.supervisor.BACKOFF", (60.0,))
    watched = supervisor(tmp_path)

    died = asyncio.Event()

    async def dies(number: int) -> int:
        died.set()
        return 1

    monkeypatch.setattr(watched, "run_worker", dies)
    keeping = asyncio.create_task(watched.keep(0))
    await died.wait()
    await turned()  # it waits now
    watched.stop()
    assert await asyncio.wait_for(keeping, PATIENCE) is None  # far less than it would have waited


async def test_one_that_leaves_a_child() -> None:
    """A worker has ended when it has, though a child of its own may still hold its standard error."""
    worker = await asyncio.create_subprocess_exec(
        "sh", "-c", "sleep 60 & exit 3", stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert await asyncio.wait_for(exit_code(worker), 5) == 3
    os.killpg(worker.pid, signal.SIGKILL)


@pytest.mark.parametrize("host", ["::1", "[::1]"])
async def test_addresses_of_six(host: str) -> None:
    """An IPv6 address may stand in brackets or not, wherever it is used."""
    server = grpc.aio.server()
    port = ports.listen(server, load({**GOOD, "GRPC_HOST": host, "GRPC_PORT": "0"}), 0)
    await server.start()
    with pytest.raises(CannotStart, match=f"port {port} on ::1 cannot be used"):
        check_port(host, port, "GRPC_PORT")
    await server.stop(None)
    check_port(host, port, "GRPC_PORT")
