"""Running `gazette …` beside a server of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import click.testing
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from server.cli import gazette
from tests.service import Service


@contextmanager
def terminal() -> Iterator[None]:
    """What is given on standard input is typed on a terminal, as far as a command can tell."""
    with patch.object(click.testing._NamedTextIOWrapper, "isatty", lambda _: True, create=True):
        yield


async def run(service: Service, *arguments: str, given: str = "", **environment: str) -> Result:
    """Runs the command with the service's settings and `given` on its standard input."""
    settings = service.settings
    environ = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret,
        "REFRESH_TOKEN_SECRET": settings.refresh_token_secret,
        "ENCRYPTION_KEY": settings.encryption_key,
        "FILES_DIRECTORY": str(settings.files_directory),
        **environment,
    }
    with capture_logs():  # the server in this process would write its own between the command's lines
        return await asyncio.to_thread(CliRunner().invoke, gazette, arguments, given, environ)
