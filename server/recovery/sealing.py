"""Sealing: encryption of streams, of which neither end holds more than a chunk.

A sealed stream is MAGIC, a random salt, and chunks of CHUNK_BYTES, each with the tag of AES-256-GCM; the last one may be
shorter, or empty. The key is derived from the secret, the salt and the object's name, so an object that takes another's place
does not open. A chunk's nonce is its number and whether it is the last: none can be left out, moved, or cut off at the end.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.recovery.failures import Damaged

MAGIC = b"gazette-sealed-1"
SALT_BYTES = 32
CHUNK_BYTES = 1024 * 1024
TAG_BYTES = 16


async def sealed(name: str, secret: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    salt = os.urandom(SALT_BYTES)
    cipher, number = derived(name, secret, salt), 0
    yield MAGIC + salt
    async for chunk, is_last in numbered(chunks, CHUNK_BYTES):
        yield cipher.encrypt(nonce(number, is_last=is_last), chunk, None)
        number += 1


async def opened(name: str, secret: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Raises Damaged at the first chunk that is not what was sealed; those before it were."""
    rest = chunks.__aiter__()
    head = bytearray()
    while len(head) < len(MAGIC) + SALT_BYTES:
        more = await anext(rest, b"")
        if not more:
            raise Damaged(f"{name} is cut off")
        head += more
    if not head.startswith(MAGIC):
        raise Damaged(f"{name} was not sealed by this command, or with no key")
    cipher, number = derived(name, secret, bytes(head[len(MAGIC) : len(MAGIC) + SALT_BYTES])), 0
    behind = joined(bytes(head[len(MAGIC) + SALT_BYTES :]), rest)
    async for chunk, is_last in numbered(behind, CHUNK_BYTES + TAG_BYTES):
        try:
            yield cipher.decrypt(nonce(number, is_last=is_last), chunk, None)
        except InvalidTag:
            why = "it was changed or cut off" if number else "BACKUP_ENCRYPTION_KEY is another, or it was changed or cut off"
            raise Damaged(f"{name} cannot be opened at chunk {number}: {why}") from None
        number += 1


def derived(name: str, secret: str, salt: bytes) -> AESGCM:
    """The random key of one object."""
    return AESGCM(HKDF(SHA256(), 32, salt, b"gazette backup\0" + name.encode()).derive(secret.encode()))


def nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


async def joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for each in rest:
        yield each


async def numbered(chunks: AsyncIterator[bytes], size: int) -> AsyncGenerator[tuple[bytes, bool], None]:
    """The same bytes in pieces of this size, each with whether it is the last. There is a last one, if empty."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) > size:  # as many as `size` may be the last
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True
