"""GetFileText."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Texts:
    """GetFileText."""

    database: Database

    async def GetFileText(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
