"""A day's work, of which each call's statements are counted, and the budget in docs/costs.md."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.content.desk import Desk
from tests.statements import counted

PAGE = Path(__file__).parents[2] / "docs/costs.md"
ROW = re.compile(r"\| (\w+)\.(\w+)(?:, ([^|]+?))? \| (\d+) \|")
"""A service and its method, in which case, and how many statements."""


def budgets() -> dict[tuple[str, str, str], int]:
    return {(service, method, case or ""): int(most) for service, method, case, most in ROW.findall(PAGE.read_text())}


@dataclass
class Day:
    """A desk in the middle of its work, which has done everything once: what is held in the process is held by now."""

    desk: Desk
    measured: dict[tuple[str, str, str], int] = field(default_factory=dict)

    async def measure(self, call: Callable[[], Awaitable[Any]], case: str = "") -> Any:
        """What the call is answered; its statements are noted."""
        with counted() as counts:
            answer = await call()
        (path,) = counts or {self.path_of_nothing: 0}
        service, _, method = path.rpartition("/")
        self.measured[service.rpartition(".")[2], method, case] = counts[path]
        return answer

    path_of_nothing = ""
    """Which method was called, where none asks the database."""
