"""GetFileUsage and SetFileQuota."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Quotas:
    """GetFileUsage and SetFileQuota."""

    database: Database

    async def GetFileUsage(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def SetFileQuota(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
