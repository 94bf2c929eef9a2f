"""Copies the third-party contracts that ours imports into `build/proto/`, out of the packages that ship them.

Nothing of theirs is committed. `google/{api,rpc}` comes from the installed googleapis-common-protos;
`buf/validate/validate.proto` from a source distribution that `requirements/contract.lock` pins by hash.
"""

import fcntl
import importlib.resources
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "build/proto"
LOCK = ROOT / "requirements/contract.lock"
GOOGLEAPIS = (
    "api/annotations.proto",
    "api/http.proto",
    "api/httpbody.proto",
    "rpc/code.proto",
    "rpc/error_details.proto",
    "rpc/status.proto",
)


def copy_googleapis() -> None:
    """The few files of google/api and google/rpc that we import, and those that they import."""
    source = importlib.resources.files("google")
    for name in GOOGLEAPIS:
        target = TARGET / "googleapis/google" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.joinpath(name).read_bytes())


def copy_protovalidate() -> None:
    """`validate.proto`, from the pinned archive; the archive's code is unpacked by nobody."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-build-isolation"]
        pinned = ["--no-binary=protovalidate", "--require-hashes", f"--requirement={LOCK}"]
        subprocess.run([*pip, *pinned, f"--dest={folder}"], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as files:
            inside = f"{archive.name.removesuffix('.tar.gz')}/upstream/proto/buf/validate/validate.proto"
            member = files.extractfile(inside)
            assert member is not None, f"{archive.name} has no {inside}"
            target = TARGET / "protovalidate/buf/validate/validate.proto"
            target.parent.mkdir(parents=True)
            target.write_bytes(member.read())


def copy_sources() -> None:
    """Fills `build/proto/`, unless it already holds what the locks name. Of several that come at once, one does."""
    stamp, wanted = TARGET / "stamp", version("googleapis-common-protos") + LOCK.read_text() + repr(GOOGLEAPIS)
    TARGET.parent.mkdir(exist_ok=True)
    with open(TARGET.parent / "proto.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        shutil.rmtree(TARGET, ignore_errors=True)
        copy_googleapis()
        copy_protovalidate()
        stamp.write_text(wanted)


if __name__ == "__main__":
    copy_sources()
