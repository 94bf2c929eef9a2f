"""The messages of an import's stream: parts, and behind some of them the chunks that are theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from server.rpc.failures import InvalidArgument, Violation
from server.rpc.requests.parsing import Part

HAVE_BYTES = frozenset({"file", "document", "record_entry"})
"""Parts behind which bytes may come."""


class StrayChunk(InvalidArgument):
    """Bytes of nobody knows what."""

    def __init__(self) -> None:
        super().__init__(Violation("chunk", "comes behind a file or an entry of the record"))


class Incoming:
    """A stream of parts, of which the chunks behind the newest can be taken, and are passed over if nobody takes them."""

    def __init__(self, parts: AsyncIterator[Part]) -> None:
        self.parts = aiter(parts)
        self.ahead: Part | None = None
        self.newest = ""

    async def next(self) -> Part | None:
        """The next part that is no chunk; None at the end. Raises StrayChunk for bytes behind what has none."""
        while True:
            part, self.ahead = self.ahead or await anext(self.parts, None), None
            kind = part.request.WhichOneof("part") if part is not None else None
            if kind != "chunk":
                self.newest = kind or ""
                return part
            if self.newest not in HAVE_BYTES:
                raise StrayChunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes up to the next part. Raises what is wrong with one."""
        while self.ahead is None:
            part = await anext(self.parts, None)
            if part is None:
                return
            if part.request.WhichOneof("part") != "chunk":
                self.ahead = part
                return
            if part.failure is not None:
                raise part.failure
            yield part.request.chunk

    async def collected(self, size: int) -> bytes:
        """The bytes up to the next part, which may not be more than this."""
        result = bytearray()
        async for chunk in self.chunks():
            result += chunk
            if len(result) > size:
                break
        return bytes(result)
