"""Ceph's S3 gateway, RGW, with one monitor and one OSD that keeps all in memory: a real S3 service on loopback.

It enforces signatures, their age, and the multipart protocol, which the S3 services that tests otherwise use do not. Debian's
packages are installed where they are missing. All that runs is in one temporary folder, and ends by its own process ids.
"""

from __future__ import annotations

import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devstack.ports import LOOPBACK, free_port
from tests.installing import debian
from tests.storage.moto import KEYS

ACCESS_KEY, SECRET_KEY = KEYS["S3_ACCESS_KEY"], KEYS["S3_SECRET_KEY"]
PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")
START_SECONDS = 90.0
STOP_SECONDS = 20.0


CONFIGURATION = """\
[global]
fsid = {cluster}
mon host = {monitor}
mon data = {folder}/monitor
osd data = {folder}/disk
run dir = {folder}
admin socket =
log file =
log to stderr = true
debug rocksdb = 0
client mount timeout = 60
rados mon op timeout = 60
# The gateway would insist on encryption between it and the monitor, which there is none of without authentication.
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
osd objectstore = memstore
memstore device bytes = 2G
osd crush chooseleaf type = 0
osd crush initial weight = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
rgw frontends = beast endpoint={address}:{port}

[osd]
public addr = {address}
cluster addr = {address}
"""


@dataclass(frozen=True)
class Ceph:
    """A cluster in a folder, and the address of its gateway."""

    folder: Path
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @contextmanager
    def running(self, program: str, *arguments: str) -> Iterator[None]:
        """The program in the foreground of a process of its own, for the length of the block."""
        with (self.folder / f"{program}.out").open("wb") as said:
            process = subprocess.Popen(
                [program, f"--conf={self.folder}/ceph.conf", *arguments, "--foreground"], stdout=said, stderr=said
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, program: str, *arguments: str) -> None:
        command = [program, f"--conf={self.folder}/ceph.conf", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}{self.said()}"

    def said(self) -> str:
        """The ends of what its processes wrote."""
        return "\n".join(path.read_text(errors="replace")[-1000:] for path in sorted(self.folder.glob("*.out")))

    def answers(self) -> bool:
        try:
            return httpx.get(self.endpoint, timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, f"the gateway does not answer\n{self.said()}"
            time.sleep(0.2)


@contextmanager
def serving(folder: Path) -> Iterator[Ceph]:
    """A new cluster, whose one user has ACCESS_KEY. Skips the test where its packages cannot be installed."""
    debian(*PACKAGES)
    for name in ("monitor", "disk"):
        (folder / name).mkdir(parents=True)
    ceph, cluster, disk = Ceph(folder, free_port()), str(uuid.uuid4()), str(uuid.uuid4())
    monitor, monitors = f"[v2:{LOOPBACK}:{free_port()}]", str(folder / "monitors")
    (folder / "ceph.conf").write_text(CONFIGURATION.format(**locals(), port=ceph.port, address=LOOPBACK))
    user = ("--uid=gazette", "--display-name=gazette", f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
    with ExitStack() as running:
        ceph.run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", monitor, monitors)
        ceph.run("ceph-mon", "--mkfs", "--id=a", f"--monmap={monitors}")
        running.enter_context(ceph.running("ceph-mon", "--id=a"))
        ceph.run("ceph", "osd", "new", disk)
        ceph.run("ceph-osd", "--id=0", "--mkfs", f"--osd-uuid={disk}")
        running.enter_context(ceph.running("ceph-osd", "--id=0"))
        ceph.run("radosgw-admin", "--name=client.rgw", "user", "create", *user)
        running.enter_context(ceph.running("radosgw", "--name=client.rgw"))
        ceph.wait()
        yield ceph
