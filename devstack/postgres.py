"""PostgreSQL: made once, with the two roles that the product wants, and started on loopback."""

import os
import shutil
import signal
import subprocess
import time

from devstack import binaries
from devstack.errors import DevstackError
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.processes import Process

_ADMIN, _OWNER, _SERVER, _DATABASE = "postgres", "gazette_owner", "gazette", "gazette"

# PostgreSQL refuses to run as root: then it runs as nobody, who may still pass the directories above its data.
_AS_NOBODY = (
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)

_STALE = ("lock file", "shared memory block")


class Postgres(Process):
    """A cluster with the database `gazette`, owned by `gazette_owner`, that the server uses as the role `gazette`."""

    title = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": ends transactions, writes a checkpoint, and is gone

    def __init__(self, home: Home, *, fast: bool = False) -> None:
        """`fast` trades safety against power cuts for speed. A killed PostgreSQL loses nothing either way."""
        super().__init__(home.logs / "postgres.log")
        self._home = home
        self._data = home.path / "postgres"
        self._fast = fast
        self.is_new = not self._data.exists()
        self.port = home.port("postgres")

    @property
    def database_url(self) -> str:
        return self._url(_SERVER, _DATABASE)

    @property
    def migration_database_url(self) -> str:
        return self._url(_OWNER, _DATABASE)

    @property
    def admin_database_url(self) -> str:
        """The superuser's; for tests that make databases of their own."""
        return self._url(_ADMIN, "postgres")

    def command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": "200",
            "password_encryption": "scram-sha-256",
        }
        if self._fast:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [binaries.binary(binaries.POSTGRES), "-D", str(self._data), *options]

    def problem(self) -> str | None:
        command = [binaries.binary(binaries.PG_ISREADY), "-q", "-t", "1", "-h", LOOPBACK, "-p", str(self.port)]
        return "it accepts no connections" if subprocess.run(command, check=False).returncode else None

    def launch(self) -> None:
        if not self._data.exists():
            self._initialise()
        super().launch()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 10
        while True:
            try:
                return super().wait_until_healthy()
            except DevstackError:
                # What a killed predecessor held (its pid file, its memory) is let go within about two seconds.
                stale = any(sign in line for line in self.log_tail() for sign in _STALE)
                if not stale or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                self.launch()

    def _launcher(self) -> list[str]:
        launcher = super()._launcher()
        if os.geteuid() != 0:
            return launcher
        if not launcher:
            raise DevstackError("PostgreSQL does not run as root: install util-linux (setpriv), or use another account")
        return [*launcher, *_AS_NOBODY]

    def _initialise(self) -> None:
        """Makes the cluster beside its place and moves it there when it is whole, so that no half of one is ever started."""
        new = self._data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(new, "nobody", "nogroup")
        initdb = ["-D", str(new), "-U", _ADMIN, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        password_file = ["--pwfile=/dev/stdin", "--no-instructions", *(["--no-sync"] if self._fast else [])]
        self._run([binaries.binary(binaries.INITDB), *initdb, *password_file], self._password(_ADMIN))
        statements = [
            f"CREATE ROLE {_OWNER} LOGIN PASSWORD '{self._password(_OWNER)}'",
            f"CREATE ROLE {_SERVER} LOGIN PASSWORD '{self._password(_SERVER)}'",
            f"CREATE DATABASE {_DATABASE} OWNER {_OWNER}",
        ]
        self._run([binaries.binary(binaries.POSTGRES), "--single", "-j", "-D", str(new), "postgres"], ";\n\n".join(statements))
        new.rename(self._data)

    def _run(self, command: list[str], given: str) -> None:
        with open(self.log, "ab") as log:
            self._log_start = log.tell()
            done = subprocess.run(
                [*self._launcher(), *command], input=given.encode(), stdout=log, stderr=subprocess.STDOUT, check=False
            )
        if done.returncode:
            raise self.failure("could not make its data directory")

    def _password(self, role: str) -> str:
        return self._home.secret(f"{role.upper()}_PASSWORD")

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@{LOOPBACK}:{self.port}/{database}"
