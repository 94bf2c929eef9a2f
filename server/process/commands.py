"""What the commands of the domains share that work on the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import click
from sqlalchemy.ext.asyncio import AsyncConnection

from server import settings
from server.rpc import failures
from server.rpc.texts.characters import Unfit
from server.rpc.texts.forms import Form, language, line
from server.stores import postgres, schema

Result = TypeVar("Result")


class InForm(click.ParamType):  # type: ignore[type-arg]  # it takes none at run time before click 8.5
    """A text in the form in which the API keeps it."""

    def __init__(self, name: str, form: Form) -> None:
        self.name, self.form = name, form

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return self.form(value)
        except Unfit as unfit:
            self.fail(str(unfit), param, ctx)


class Unreachable(click.ClickException):
    """What the command works on cannot be asked at all: a refusal, or something that was looked for and found, it is not."""

    exit_code = 2


LINE = InForm("text", line)
"""One line that people read, or an address."""
LANGUAGE = InForm("language", language)
"""The tag of a language."""


def run(work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """Does the work in one transaction; else as `run`."""
    values = settings.load()

    async def in_transaction() -> Result:
        async with connected(values) as connection:
            return await work(connection)

    return refused_in_a_line(in_transaction())


def run_directly(work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Does the work on a connection that commits what each step of it does; else as `run`."""
    values = settings.load()

    async def on_connection() -> Result:
        pools = postgres.connect(values)
        try:
            async with pools.read() as connection:
                await schema.check(connection)
            async with pools.direct() as direct:
                return await work(direct)
        finally:
            await pools.close()

    return refused_in_a_line(on_connection())


def refused_in_a_line(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except failures.Failure as failure:
        raise refusal(failure) from None


def refusal(failure: failures.Failure) -> click.ClickException:
    """A failure in one line, with the exit code that says which kind it is (docs/operations.md)."""
    kind = Unreachable if isinstance(failure, failures.Unavailable) else click.ClickException
    return kind(str(failure))


@asynccontextmanager
async def connected(values: settings.Settings) -> AsyncIterator[AsyncConnection]:
    pools = postgres.connect(values)
    try:
        async with pools.transaction() as connection:
            await schema.check(connection)
            yield connection
    finally:
        await pools.close()
