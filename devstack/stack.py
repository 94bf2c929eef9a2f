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
        self.home = home
        self.postgres = Postgres(home, fast=fast)
        self.redis = Redis(home)
        self._running = ExitStack()

    @classmethod
    def start(cls, home: Path | str, *, fast: bool = False, postgres: bool = True, redis: bool = True) -> Self:
        """Starts what is asked for; `fast` switches off fsync, for tests."""
        stack = cls(Home.at(Path(home)), fast=fast)
        with ExitStack() as running:
            running.enter_context(stack.home.lock())
            wanted = [*([stack.postgres] if postgres else []), *([stack.redis] if redis else [])]
            for process in wanted:
                running.callback(process.stop)
                process.launch()
            for process in wanted:
                process.wait_until_healthy()
            stack._running = running.pop_all()
        return stack

    def stop(self) -> None:
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
