"""ListFiles, UpdateFile, DeleteFile, RestoreFile, ListFileVersions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Managing:
    """ListFiles, UpdateFile, DeleteFile, RestoreFile, ListFileVersions."""

    database: Database

    async def ListFiles(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def UpdateFile(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def DeleteFile(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def RestoreFile(self, request: Any, call: Call) -> Any:
        raise NotImplementedError

    async def ListFileVersions(self, request: Any, call: Call) -> Any:
        raise NotImplementedError
