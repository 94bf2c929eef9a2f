"""Reflection: which services there are, and how they are called, where REFLECTION says that anybody may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from server.rpc.call import Call


class Reflection:
    """Answers with what the library finds."""

    def __init__(self, services: Iterable[str]) -> None:
        self.servicer = reflection.aio.ReflectionServicer(services)

    async def ServerReflectionInfo(
        self, requests: AsyncIterator[ServerReflectionRequest], call: Call
    ) -> AsyncIterator[ServerReflectionResponse]:
        answers: Any = self.servicer.ServerReflectionInfo(requests, None)
        async with aclosing(answers):
            async for answer in answers:
                yield answer
