"""The stores, together: what the server and the tests need under them."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.home import Home
from devstack.postgres import Postgres
from devstack.redis import Redis


class Stack:
    """PostgreSQL and Redis of one home, running from `start` to `stop`, or for the length of a `with`.

    Ports and data outlive a restart of either, so a server under test finds them again where they were.
    """

    def __init__(self, home: Home, *, fast: bool = False) -> None:
        """For one who holds the home's lock. `fast` switches off fsync, for tests."""
        self.home = home
        self.postgres = Postgres(home, fast=fast)
        self.redis = Redis(home)
        self._running = ExitStack()
        self._lock = ExitStack()

    @classmethod
    def start(cls, home: Path | str, *, fast: bool = False, postgres: bool = True, redis: bool = True) -> Self:
        """Takes the home for itself and starts what is asked for there."""
        with ExitStack() as locked:
            locked.enter_context((place := Home.at(Path(home))).lock())
            stack = cls(place, fast=fast)
            stack.launch(postgres=postgres, redis=redis)
            stack._lock = locked.pop_all()
        return stack

    def launch(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Starts the servers together and returns when they are healthy; when one is not, none is left."""
        wanted = [*([self.postgres] if postgres else []), *([self.redis] if redis else [])]
        with ExitStack() as running:
            for process in wanted:
                running.callback(process.stop)
                process.launch()
            for process in wanted:
                process.wait_until_healthy()
            self._running = running.pop_all()

    def stop(self) -> None:
        with self._lock:
            self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def database_url(self) -> str:
        """For the server, as its own role."""
        return self.postgres.database_url

    @property
    def migration_database_url(self) -> str:
        """For migrations, as the tables' owner."""
        return self.postgres.migration_database_url

    @property
    def admin_database_url(self) -> str:
        """For tests that make and drop databases, as the superuser."""
        return self.postgres.admin_database_url

    @property
    def redis_url(self) -> str:
        return self.redis.redis_url
