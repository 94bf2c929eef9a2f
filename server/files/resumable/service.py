"""CreateUpload and what follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Resumable:
    """CreateUpload and what follows it."""

    database: Database

    async def CreateUpload(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def CreateTusUpload(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def GetUpload(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def AppendUpload(self, request_iterator: AsyncIterator[Any], call: Call) -> Any:
        raise NotImplementedError

    async def CompleteUpload(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def CancelUpload(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
