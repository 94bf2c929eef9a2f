"""Turns large objects into what they are needed as, in other processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct

from server.background.processes import Processes, TooCostly
from server.rpc.failures import InvalidArgument
from server.rpc.objects import FEW_VALUES, Budget, LargeObject, Object, TooManyValues, from_struct, plain, with_struct

SECONDS = 2.0
"""Of CPU time. What the contract lets a Struct hold takes a tenth of it."""


@dataclass(frozen=True)
class Objects:
    """What is small is turned into something else where it is."""

    processes: Processes

    async def taken(self, struct: Struct) -> Object:
        """What a request holds, as it is stored. Raises InvalidArgument."""
        try:
            return plain(struct, Budget(FEW_VALUES))
        except TooManyValues:
            pass
        try:
            return await self.processes.run(from_struct, struct.SerializeToString(), seconds=SECONDS)
        except TooCostly:
            raise InvalidArgument(message="The request holds an object that is too large.") from None

    async def shown(self, row: Any, column: str = "details") -> Any:
        """The row, with what a message needs of the object in this column. None as it is."""
        value = None if row is None else getattr(row, column)
        if type(value) is not LargeObject or value.struct:
            return row
        return row._replace(**{column: await self.processes.run(with_struct, value, seconds=SECONDS)})
