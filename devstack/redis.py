"""Redis: a cache on loopback that forgets everything when it stops, as the product must be able to bear."""

import os
import socket
from contextlib import suppress

from devstack import binaries
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.processes import Process

_CONFIGURATION = """\
bind {address}
port {port}
requirepass {password}
dir {directory}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


class Redis(Process):
    title = "Redis"

    def __init__(self, home: Home) -> None:
        super().__init__(home.logs / "redis.log")
        self.port = home.port("redis")
        self._directory = home.path / "redis"
        self._password = home.secret("REDIS_PASSWORD")

    @property
    def redis_url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def command(self) -> list[str]:
        """Writes the configuration, too: on the command line everyone could read the password."""
        self._directory.mkdir(exist_ok=True)
        path = self._directory / "redis.conf"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(
                _CONFIGURATION.format(address=LOOPBACK, port=self.port, password=self._password, directory=self._directory)
            )
        return [binaries.binary(binaries.REDIS), str(path)]

    def problem(self) -> str | None:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                answer += received
            return None if answer == b"+OK\r\n+PONG\r\n" else f"it answers {answer.decode(errors='replace')!r}"
        return "it accepts no connections"
