"""Bytes that have come and are not kept yet, in the chunks in which they came: only one that is cut is copied."""

from __future__ import annotations

from collections import deque


class Buffer:
    """Chunks, one behind the other; added at the end, taken from the beginning."""

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks)

    def add(self, chunk: bytes) -> None:
        if chunk:
            self.chunks.append(chunk)
            self.size += len(chunk)

    def beginning(self, size: int) -> bytes:
        """The first bytes, so many at the most, which stay."""
        head = bytearray()
        for chunk in self.chunks:
            head += chunk[: size - len(head)]
            if len(head) == size:
                break
        return bytes(head)

    def cut(self, size: int) -> list[bytes]:
        """Takes so many of the first bytes, or all there are."""
        taken: list[bytes] = []
        while size and self.chunks:
            chunk = self.chunks.popleft()
            if len(chunk) > size:
                self.chunks.appendleft(chunk[size:])
                chunk = chunk[:size]
            taken.append(chunk)
            size -= len(chunk)
            self.size -= len(chunk)
        return taken

    def clear(self) -> None:
        self.chunks.clear()
        self.size = 0
