"""CreateDownloadUrl."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class DownloadUrls:
    """CreateDownloadUrl."""

    database: Database

    async def CreateDownloadUrl(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
