"""The directory that a stack lives in: data, logs, and what has to be the same at the next start."""

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import ports
from devstack.errors import DevstackError

_SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux, without its final NUL


@dataclass(frozen=True)
class Home:
    """Paths, secrets and ports of one stack. Two homes never share anything."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Home":
        home = cls(path.resolve())
        for directory in (home.path, home.logs, home.files):
            directory.mkdir(parents=True, exist_ok=True)
        return home

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def mail(self) -> Path:
        """Where the server puts what it would send."""
        return self.path / "mail"

    @property
    def sockets(self) -> Path:
        """Where the workers' sockets go: here, or in a short directory of the system's where the path is too long."""
        inside = self.path / "sockets"
        if len(os.fsencode(inside / "worker-999.sock")) <= _SOCKET_PATH_LIMIT:
            inside.mkdir(mode=0o700, exist_ok=True)
            return inside
        remembered = self.path / "sockets.path"
        if not remembered.exists() or not Path(remembered.read_text()).is_dir():
            remembered.write_text(tempfile.mkdtemp(prefix="gazette-", dir="/tmp"))
        return Path(remembered.read_text())

    def secret(self, name: str) -> str:
        """A secret for development, made once and kept in `secrets.env`, which only its owner can read."""
        path = self.path / "secrets.env"
        known = dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}
        if name not in known:
            known[name] = secrets.token_hex(32)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.writelines(f"{key}={value}\n" for key, value in known.items())
        return known[name]

    def port(self, name: str) -> int:
        """A free port, the same one as last time unless something else has taken it meanwhile."""
        path = self.path / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known or not ports.is_free(known[name]):
            known[name] = ports.free_port()
            path.write_text(json.dumps(known))
        return known[name]

    @contextmanager
    def announced(self, **addresses: str) -> Iterator[None]:
        """Tells the command `gazette` where this installation answers (server/settings/here.py), for as long as it runs: the
        file is locked, and the kernel lets go of it however that ends."""
        with open(self.path / "running.json", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            json.dump(addresses, file)
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Held while a stack runs here, and let go by the kernel however it ends.

        True when the last stack here was killed: its servers may need some seconds more to end.
        """
        with open(self.path / "lock", "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DevstackError(
                    f"a stack is already running in {self.path}: stop it, or choose another directory with GAZETTE_HOME=…"
                ) from None
            file.seek(0)
            was_killed = file.read() != ""
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield was_killed
            finally:
                file.truncate(0)
