"""Statements that are asked again and again: written in SQLAlchemy Core, compiled once, and executed by the driver itself.

SQLAlchemy takes three times as long over a small statement as PostgreSQL and the driver together: it looks up the compiled form
by a key that it makes anew of the whole statement, checks a connection out through a greenlet, and wraps the result. What every
editor's call asks is worth leaving that out (docs/decisions/0019). All else goes through `Database.read` and `transaction`.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cached_property
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.elements import ClauseElement

Row = Any
"""A named tuple of what the statement names."""

UNNAMED = ""
"""What PostgreSQL calls the statement that the next one takes the place of."""
DIALECT: Any = dialect()  # type: ignore[no-untyped-call]


class MissingParameter(TypeError):
    """A statement was executed without one of its parameters; the message names it."""


class Statement:
    """One statement of SQLAlchemy Core, whose parameters are `bindparam`s. A connection is one of `Database.direct`."""

    def __init__(self, core: ClauseElement) -> None:
        self.core = core

    @cached_property
    def compiled(self) -> tuple[str, tuple[tuple[str, bool, Any], ...]]:
        """The SQL, and for each place of it the parameter's name, whether it must be given, and what it is otherwise."""
        compiled: Any = self.core.compile(dialect=DIALECT)
        missing = {each.key for each in compiled.binds.values() if each.required}
        names = compiled.positiontup or ()
        return str(compiled), tuple((name, name in missing, compiled.params[name]) for name in names)

    @cached_property
    def row(self) -> type[Any]:
        """The tuple's class, named by the statement's columns."""
        core: Any = self.core
        return namedtuple("Row", [str(each.key) for each in core.exported_columns])  # noqa: PYI024 - the names are known at run time only

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        try:
            return [given[name] if is_required else given.get(name, value) for name, is_required, value in self.compiled[1]]
        except KeyError as error:
            raise MissingParameter(f"the statement needs {error}") from None

    async def all(self, connection: asyncpg.Connection, /, **given: Any) -> list[Row]:
        """Every row. Raises what the driver does."""
        rows = await connection.fetch(self.compiled[0], *self.arguments(given))
        make = self.row._make
        return [make(each) for each in rows]

    async def first(self, connection: asyncpg.Connection, /, **given: Any) -> Row | None:
        """The first row, or None if there is none."""
        row = await connection.fetchrow(self.compiled[0], *self.arguments(given))
        return None if row is None else self.row._make(row)

    async def value(self, connection: asyncpg.Connection, /, **given: Any) -> Any:
        """The first column of the first row, or None."""
        return await connection.fetchval(self.compiled[0], *self.arguments(given))

    async def all_planned(self, connection: asyncpg.Connection, /, **given: Any) -> list[Row]:
        """Every row, by a plan that is made for these very parameters: for what is found in a few rows with one value, and in
        nearly all with another. Otherwise PostgreSQL may settle on one plan for whatever comes."""
        prepared = await connection.prepare(self.compiled[0], name=UNNAMED)
        make = self.row._make
        return [make(each) for each in await prepared.fetch(*self.arguments(given))]

    async def value_planned(self, connection: asyncpg.Connection, /, **given: Any) -> Any:
        """The first column of the first row, by such a plan."""
        prepared = await connection.prepare(self.compiled[0], name=UNNAMED)
        return await prepared.fetchval(*self.arguments(given))

    async def run(self, connection: asyncpg.Connection, /, **given: Any) -> None:
        """For what it does alone."""
        await connection.execute(self.compiled[0], *self.arguments(given))
