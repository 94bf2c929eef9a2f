"""GetRendition and CreateRenditionUrl."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Renditions:
    """GetRendition and CreateRenditionUrl."""

    database: Database

    async def GetRendition(self, request: Any, call: Call) -> AsyncIterator[Any]:
        raise NotImplementedError
        yield

    async def CreateRenditionUrl(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
