"""clamd itself (Debian's clamav-daemon), with a database of one signature: EICAR's test file."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devstack.ports import free_port
from server.files.scanning import ScannerUnavailable
from server.files.scanning.clamd import Clamd
from tests.files.scanner import EICAR, SIGNATURE
from tests.polling import until

PATIENCE = 60.0


@asynccontextmanager
async def clamd(folder: Path, **more: str) -> AsyncIterator[str]:
    """Its URL. Skips the test where it is not installed: `apt-get install clamav-daemon`."""
    program = shutil.which("clamd", path="/usr/sbin:/usr/bin:/sbin")
    if program is None:
        pytest.skip("clamd is not installed")
    database, port = folder / "database", free_port()
    database.mkdir(parents=True)
    (database / "test.ndb").write_text(f"{SIGNATURE}:0:*:{EICAR.hex()}\n")
    said = {"Foreground": "yes", "DatabaseDirectory": database, "TCPSocket": port, "TCPAddr": "127.0.0.1", **more}
    configuration = folder / "clamd.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in said.items()))
    command = [program, "--config-file", str(configuration)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    scanner = Clamd(f"tcp://127.0.0.1:{port}")

    async def answers() -> bool:
        try:
            await scanner.check()
        except ScannerUnavailable:
            assert process.returncode is None, "clamd has ended"
            return False
        return True

    try:
        await until(answers, PATIENCE)
        yield scanner.url
    finally:
        process.terminate()
        await process.wait()
