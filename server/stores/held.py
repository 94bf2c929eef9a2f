"""What is asked of every change and seldom changes itself, held in the process instead of being read each time.

NOTIFY says when something changed; until it arrives, or while nothing is heard, what is held may be a little old. So nothing is
decided by it alone: the statement that acts on a decision compares the version by which it was made, and who would be refused
is judged once more by what the database says now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncpg

Value = TypeVar("Value")


@dataclass
class Held(Generic[Value]):
    """Values by key, each read when it is first asked for, and all of them forgotten when any of them changes."""

    read: Callable[[asyncpg.Connection, str], Awaitable[Value | None]]
    """Reads a key's value; None if it has none, which is not held."""
    values: dict[str, Value] = field(default_factory=dict)
    changes: int = 0
    """How often something has changed: a value that was read across a change may be the old one."""

    async def get(self, connection: asyncpg.Connection, key: str = "", *, anew: bool = False) -> Value | None:
        """The key's value; `anew`, as the database has it now. None if there is none."""
        value = None if anew else self.values.get(key)
        if value is None:
            changes = self.changes
            value = await self.read(connection, key)
            if value is not None and changes == self.changes:
                self.values[key] = value
        return value

    def forget(self, payload: str = "") -> None:
        """Takes what NOTIFY carries."""
        self.changes += 1
        self.values.clear()

    async def resume(self) -> None:
        """Forgets everything, since nobody knows what was told while nothing was heard."""
        self.forget()
