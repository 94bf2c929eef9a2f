"""ReplaceFile and ReplaceFileContent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Replacing:
    """ReplaceFile and ReplaceFileContent."""

    database: Database

    async def ReplaceFile(self, request_iterator: AsyncIterator[Any], call: Call) -> Any:
        raise NotImplementedError

    async def ReplaceFileContent(self, request_iterator: AsyncIterator[Any], call: Call) -> Any:
        raise NotImplementedError
