"""The PostgreSQL and Redis that the tests use: named in the environment, in containers where Docker answers, or embedded."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack import Stack

ROLES = {"gazette_owner": "owner-of-tests", "gazette": "server-of-tests"}


@dataclass(frozen=True)
class Servers:
    """`admin_url` may create roles and databases."""

    admin_url: str
    redis_url: str
    stack: Stack | None = None
    """The embedded servers, which fault tests can stop; None when they are somebody else's."""


@contextmanager
def started(home: Path) -> Iterator[Servers]:
    if "TEST_DATABASE_URL" in os.environ:
        yield Servers(os.environ["TEST_DATABASE_URL"], os.environ["TEST_REDIS_URL"])
    elif docker_answers():
        with containers() as servers:
            yield servers
    else:
        with Stack.start(home, fast=True) as stack:
            yield Servers(stack.admin_database_url, stack.redis_url, stack)


def docker_answers() -> bool:
    """Whether there is a Docker engine. GAZETTE_TEST_DOCKER=0 keeps the embedded stack all the same."""
    if os.environ.get("GAZETTE_TEST_DOCKER") == "0" or shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0


@contextmanager
def containers() -> Iterator[Servers]:
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.community.redis import RedisContainer

    with PostgresContainer("postgres:18.4-bookworm", driver=None) as postgres, RedisContainer("redis:8.2.8-bookworm") as redis:
        address = f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(6379)}/0"
        yield Servers(postgres.get_connection_url(), address)
