"""Which server a command belongs to: the one that is started with the environment it has, or by `make run` in this folder."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".gazette"
"""That of `make run`, in the checkout that this is a part of, unless GAZETTE_HOME names another."""
RUNNING = "running.json"
"""What `make run` writes into its home, and keeps locked for as long as it runs."""
ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104  # nosec B104 - what is asked is compared with it, nothing is bound
OF_A_SERVER = ("GRPC_PORT", "GRPC_HOST", "DATABASE_URL")
"""Without any of them, no server is started with an environment."""


class NobodyKnown(Exception):
    """Nothing says which server is meant, or it does not run. The message says how to name one."""


def grpc_address(environ: Mapping[str, str], given: Mapping[str, str], home: Path = HOME) -> str:
    """Where the server answers in plaintext. `given` is the environment with what `.env` adds, which is for a server that is
    started by hand. Raises NobodyKnown, rather than to name a port at which somebody else's may be."""
    named = environ.get("GAZETTE_HOME", "")
    if named and (running := running_in(Path(named))):
        return running
    if port_of(environ):
        return listening(given)
    if named:
        raise NobodyKnown(f"nothing runs in {named}, which GAZETTE_HOME names: make run, or give --target HOST:PORT")
    if running := running_in(home):
        return running
    if any(given.get(name) for name in OF_A_SERVER):
        return listening(given)
    raise NobodyKnown("nothing says which server is meant: give --target HOST:PORT, or set GAZETTE_HOME or GRPC_PORT")


def running_in(home: Path) -> str | None:
    """The address of what `make run` has running in this home; None if nothing is."""
    try:
        with open(home / RUNNING) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(json.load(file)["grpc"])
    except (OSError, ValueError, KeyError):
        return None
    return None


def listening(environ: Mapping[str, str]) -> str:
    """Where a server with this environment listens, for a caller beside it."""
    if environ.get("TLS_CERTIFICATE_FILE") and environ.get("SOCKET_DIR"):
        return f"unix:{Path(environ['SOCKET_DIR']).resolve()}/worker-0.sock"  # the port wants TLS, and perhaps a certificate
    host = environ.get("GRPC_HOST", "").strip("[]") or "127.0.0.1"
    return authority("127.0.0.1" if host in ANYWHERE else host, port_of(environ) or 50051)


def port_of(environ: Mapping[str, str]) -> str:
    """GRPC_PORT; empty for none, and for 0, which lets `make run` take any."""
    return environ.get("GRPC_PORT", "").strip().lstrip("0")


def authority(host: str, port: object) -> str:
    """HOST:PORT, an IPv6 address in brackets whether it came in them or not."""
    host = host.strip("[]")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
