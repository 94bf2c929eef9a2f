"""Blobs that come in parts, over days and by several processes: both kinds of storage, by the same tests."""

from __future__ import annotations

import asyncio
import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from server.stores.blobs import BlobNotFound, ObjectStorage, Part
from tests.storage.storing import KEY, left, pieces, whole

TYPE = "application/pdf"


async def test_a_blob_is_put_together_of_its_parts(storage: ObjectStorage) -> None:
    """Parts of the storage's length and a shorter last one become the blob, not seen before; nothing of them is left."""
    content = os.urandom(2 * storage.part_bytes + 5)
    parts = [content[start : start + storage.part_bytes] for start in range(0, len(content), storage.part_bytes)]

    assembly = await storage.begin(KEY, content_type=TYPE)
    done = [await storage.put_part(KEY, assembly, number, [part]) for number, part in enumerate(parts, 1)]
    assert await storage.stat(KEY) is None
    made = await storage.assemble(KEY, assembly, done)

    assert [part.size for part in done] == [len(part) for part in parts]
    assert hashlib.sha256(await whole(storage.read(KEY))).digest() == hashlib.sha256(content).digest()
    assert made == await storage.stat(KEY)
    assert made.size == len(content)
    assert left(storage) == [KEY]


async def test_a_part_that_comes_again_takes_the_place_of_the_first(storage: ObjectStorage) -> None:
    """Whoever does not know whether a part arrived sends it again; the one that is named at the end counts."""
    assembly = await storage.begin(KEY, content_type=TYPE)
    await storage.put_part(KEY, assembly, 1, [b"first"])
    second = await storage.put_part(KEY, assembly, 1, [b"second"])

    await storage.assemble(KEY, assembly, [second])

    assert await whole(storage.read(KEY)) == b"second"


async def test_a_part_is_not_another_of_its_number(storage: ObjectStorage) -> None:
    """An assembly of a part that was overwritten, or never came, is refused, and may be completed with the right ones."""
    assembly = await storage.begin(KEY, content_type=TYPE)
    first = await storage.put_part(KEY, assembly, 1, [b"first"])
    second = await storage.put_part(KEY, assembly, 1, [b"other"])

    with pytest.raises(BlobNotFound):
        await storage.assemble(KEY, assembly, [first])
    with pytest.raises(BlobNotFound):
        await storage.assemble(KEY, assembly, [second, Part(2, 5, second.tag)])
    assert await storage.stat(KEY) is None
    await storage.assemble(KEY, assembly, [second])

    assert await whole(storage.read(KEY)) == b"other"


async def test_to_assemble_again_is_to_find_the_blob(storage: ObjectStorage) -> None:
    """Whoever lost the answer asks again, and is told the same."""
    assembly = await storage.begin(KEY, content_type=TYPE)
    part = await storage.put_part(KEY, assembly, 1, [b"bytes"])
    made = await storage.assemble(KEY, assembly, [part])

    assert await storage.assemble(KEY, assembly, [part]) == made


async def test_an_assembly_that_is_not_there_takes_nothing(storage: ObjectStorage, is_played: bool) -> None:
    """Neither a part nor an end; to abandon it changes nothing, and it may be done twice."""
    assembly = await storage.begin(KEY, content_type=TYPE)
    part = await storage.put_part(KEY, assembly, 1, [b"bytes"])
    await storage.abandon(KEY, assembly)
    await storage.abandon(KEY, assembly)

    if not is_played:
        with pytest.raises(BlobNotFound):
            await storage.put_part(KEY, assembly, 2, [b"bytes"])
    with pytest.raises(BlobNotFound):
        await storage.assemble(KEY, assembly, [part])
    assert left(storage) == []


async def test_what_was_begun_is_listed_with_its_age(storage: ObjectStorage, is_played: bool) -> None:
    """Who sweeps finds assemblies by the beginning of their keys, and knows when they were begun."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    assembly = await storage.begin(KEY, content_type=TYPE)
    await storage.put_part(KEY, assembly, 1, [b"bytes"])
    other = await storage.begin("incoming/0190d5c3", content_type=TYPE)

    found = [each async for each in storage.assemblies("blobs")]
    elsewhere = [each async for each in storage.assemblies("incoming")]
    await storage.abandon("incoming/0190d5c3", other)

    assert [(key, name) for key, name, _ in found] == [(KEY, assembly)]
    assert is_played or before <= found[0][2] <= datetime.now(UTC) + timedelta(seconds=2)
    assert [(key, name) for key, name, _ in elsewhere] == [("incoming/0190d5c3", other)]


async def test_a_delete_takes_assemblies_along(storage: ObjectStorage) -> None:
    """Of the blob, and of no other whose key begins alike."""
    await storage.begin(KEY, content_type=TYPE)
    other = await storage.begin(f"{KEY}-2", content_type=TYPE)
    await storage.write(KEY, pieces(b"bytes"), content_type=TYPE)

    await storage.delete(KEY)

    assert [(key, name) async for key, name, _ in storage.assemblies("blobs")] == [(f"{KEY}-2", other)]
    await storage.delete(f"{KEY}-2")
    assert left(storage) == []


async def test_parts_may_be_put_at_the_same_time(storage: ObjectStorage) -> None:
    """Whichever of them ends first, each is where its number says."""
    content = os.urandom(2 * storage.part_bytes + 7)
    parts = [content[start : start + storage.part_bytes] for start in range(0, len(content), storage.part_bytes)]

    assembly = await storage.begin(KEY, content_type=TYPE)
    done = await asyncio.gather(*(storage.put_part(KEY, assembly, number, [part]) for number, part in enumerate(parts, 1)))
    await storage.assemble(KEY, assembly, done)

    assert hashlib.sha256(await whole(storage.read(KEY))).digest() == hashlib.sha256(content).digest()


async def test_a_part_may_come_in_pieces(storage: ObjectStorage) -> None:
    assembly = await storage.begin(KEY, content_type=TYPE)
    part = await storage.put_part(KEY, assembly, 1, [b"by", b"", b"tes"])
    await storage.assemble(KEY, assembly, [part])

    assert part.size == 5
    assert await whole(storage.read(KEY)) == b"bytes"
