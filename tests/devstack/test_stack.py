"""The embedded PostgreSQL and Redis: started for real, stopped, killed and paused."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from devstack import DevstackError, Stack
from devstack.home import Home
from devstack.ports import claim


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack.start(tmp_path_factory.mktemp("stack"), fast=True) as stack:
        yield stack


async def fetch(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=5, command_timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_roles(stack: Stack) -> None:
    """The owner may make tables in the database, the server's role may not."""
    assert await fetch(stack.migration_database_url, "SELECT current_user::text") == "gazette_owner"
    assert await fetch(stack.database_url, "SELECT has_schema_privilege('public', 'CREATE')") is False
    assert await fetch(stack.admin_database_url, "SHOW fsync") == "off"


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_restart_keeps_data(stack: Stack, end: str) -> None:
    """What was committed is there, at the same address, after an orderly stop and after kill -9."""
    await fetch(stack.migration_database_url, f"CREATE TABLE kept_{end} AS SELECT 42 AS answer")
    getattr(stack.postgres, end)()
    with pytest.raises(ConnectionRefusedError):
        await fetch(stack.migration_database_url, "SELECT 1")
    stack.postgres.start()
    assert await fetch(stack.migration_database_url, f"SELECT answer FROM kept_{end}") == 42


async def test_pause(stack: Stack) -> None:
    """A paused PostgreSQL answers nobody, connections that were open included, and goes on when it is resumed."""
    connection = await asyncpg.connect(stack.database_url)
    stack.postgres.pause()
    answer = asyncio.create_task(connection.fetchval("SELECT 7"))
    done, _ = await asyncio.wait({answer}, timeout=0.3)
    assert not done
    stack.postgres.resume()
    assert await answer == 7
    await connection.close()


async def test_stops_while_paused(stack: Stack) -> None:
    """A paused server can be stopped at once: nobody has to remember to resume it."""
    stack.redis.pause()
    stack.redis.stop()
    assert not stack.redis.is_running
    stack.redis.start()
    async with redis.asyncio.from_url(stack.redis_url) as client:
        assert await client.ping()


def test_second_stack_in_the_same_home(stack: Stack) -> None:
    """One home holds one stack: the second start says so in one line."""
    with pytest.raises(DevstackError, match=r"already running in .*GAZETTE_HOME") as refusal:
        Stack.start(stack.home.path)
    assert "\n" not in str(refusal.value)


def test_outlives_the_thread_that_starts_it(stack: Stack) -> None:
    """A server started from a thread that ends runs on: the parent-death signal follows another one."""

    async def restart() -> None:
        await asyncio.to_thread(stack.redis.stop)
        await asyncio.to_thread(stack.redis.start)

    asyncio.run(restart())
    assert stack.redis.problem() is None


def test_failure_names_the_log(tmp_path: Path) -> None:
    """A server that does not start is named, with its reason, its log and the log's last lines; the others are stopped."""
    stack = Stack.start(tmp_path, redis=False, fast=True)
    stack.stop()
    (tmp_path / "postgres" / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(DevstackError) as failure:
        Stack.start(tmp_path, fast=True)
    first, *rest = str(failure.value).splitlines()
    assert first.startswith("PostgreSQL did not start: it ended with status 1")
    assert str(tmp_path / "logs" / "postgres.log") in first
    assert any("no_such_setting" in line for line in rest)


def test_sockets_have_short_paths(tmp_path: Path) -> None:
    """Where the home's path is too long for a Unix socket they go to a short directory, the same one at every start."""
    home = Home.at(tmp_path / "deep" / ("er" * 60))
    try:
        assert len(str(home.sockets / "worker-999.sock")) <= 107
        assert home.sockets == Home.at(home.path).sockets
    finally:
        home.sockets.rmdir()


def test_taken_port() -> None:
    """A port in use is one line that names it and the variable that changes it; 0 takes any free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DevstackError, match=rf"^port {port} is taken: .*HTTP_PORT=…$"):
            claim("HTTP_PORT", port)
    assert claim("HTTP_PORT", port) == port
    assert claim("HTTP_PORT", 0) > 0
