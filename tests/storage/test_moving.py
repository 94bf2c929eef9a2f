"""Blobs that are looked at, moved and listed: both kinds of storage, by the same tests."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from server.stores.blobs import BlobChanged, BlobNotFound, ObjectStorage
from server.stores.blobs.directory import Directory
from server.stores.blobs.s3 import S3
from tests.storage.storing import KEY, left, pieces, whole

SOURCE, TYPE = "quarantine/0190d5c3", "image/png"


async def tag(storage: ObjectStorage, key: str) -> str:
    found = await storage.stat(key)
    assert found is not None
    return found.tag


async def test_a_blob_is_described(storage: ObjectStorage) -> None:
    """Its size, when it came, and a tag that stays while it does; what is not there is None."""
    assert await storage.stat(KEY) is None
    await storage.write(KEY, pieces(b"bytes"), content_type=TYPE)

    found = await storage.stat(KEY)

    assert found is not None
    assert (found.key, found.size) == (KEY, 5)
    assert abs(datetime.now(UTC) - found.modify_time) < timedelta(minutes=1)
    await whole(storage.read(KEY))
    assert await storage.stat(KEY) == found


async def test_a_blob_moves_with_its_bytes(storage: ObjectStorage) -> None:
    """Under the new key there is what was under the old one, which is gone."""
    await storage.write(SOURCE, pieces(b"bytes"), content_type=TYPE)

    await storage.move(SOURCE, KEY, tag=await tag(storage, SOURCE), content_type=TYPE)

    assert await whole(storage.read(KEY)) == b"bytes"
    assert left(storage) == [KEY]


async def test_a_blob_moves_onto_the_same_blob(storage: ObjectStorage) -> None:
    """Who promotes what is there already replaces it."""
    for key in (KEY, SOURCE):
        await storage.write(key, pieces(b"bytes"), content_type=TYPE)

    await storage.move(SOURCE, KEY, tag=await tag(storage, SOURCE), content_type=TYPE)

    assert await whole(storage.read(KEY)) == b"bytes"
    assert left(storage) == [KEY]


async def test_a_blob_that_was_swapped_does_not_move(storage: ObjectStorage) -> None:
    """Other bytes of the same length under the same key are not those that were looked at (F6)."""
    await storage.write(SOURCE, pieces(b"clean"), content_type=TYPE)
    seen = await tag(storage, SOURCE)
    await storage.write(SOURCE, pieces(b"virus"), content_type=TYPE)

    with pytest.raises(BlobChanged):
        await storage.move(SOURCE, KEY, tag=seen, content_type=TYPE)

    assert await storage.stat(KEY) is None
    await storage.delete(SOURCE)


async def test_a_blob_that_is_gone_does_not_move(storage: ObjectStorage) -> None:
    """What is not there cannot become another."""
    await storage.write(SOURCE, pieces(b"bytes"), content_type=TYPE)
    seen = await tag(storage, SOURCE)
    await storage.delete(SOURCE)

    with pytest.raises(BlobNotFound):
        await storage.move(SOURCE, KEY, tag=seen, content_type=TYPE)

    assert left(storage) == []


async def test_a_long_blob_moves_by_parts(storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket copies what is too long for it piece by piece; swapped or not, it ends as a short one does."""
    if isinstance(storage, S3):
        monkeypatch.setattr(storage, "copy_bytes", 5 * 1024 * 1024)
    content = os.urandom(11 * 1024 * 1024)
    await storage.write(SOURCE, pieces(content), content_type=TYPE)
    seen = await tag(storage, SOURCE)

    with pytest.raises(BlobChanged):
        await storage.move(SOURCE, KEY, tag=f"{seen}-of-another", content_type=TYPE)
    assert left(storage) == [SOURCE]
    await storage.move(SOURCE, KEY, tag=seen, content_type=TYPE)

    assert await whole(storage.read(KEY)) == content
    assert left(storage) == [KEY]


async def test_blobs_are_listed_in_the_order_of_their_keys(storage: ObjectStorage) -> None:
    """Those of a prefix, with what is known of each, and nothing that was only begun."""
    keys = ["list/a-b", "list/a/b", "list/a0", "list/b"]
    for key in (*reversed(keys), "listed/c"):
        await storage.write(key, pieces(key.encode()), content_type=TYPE)
    await storage.begin("list/begun", content_type=TYPE)

    found = [each async for each in storage.stats("list")]

    assert [each.key for each in found] == keys == [key async for key in storage.keys("list")]
    first = await storage.stat("list/a-b")
    assert first is not None
    assert found[0]._replace(modify_time=first.modify_time) == first  # a bucket tells the time more exactly in a list
    for key in (*keys, "list/begun", "listed/c"):
        await storage.delete(key)
    assert left(storage) == []


async def test_a_blob_of_this_machine_can_be_opened(storage: ObjectStorage) -> None:
    """A folder names its file; a bucket has none, nor has a key without a blob."""
    assert storage.local(KEY) is None
    await storage.write(KEY, pieces(b"bytes"), content_type=TYPE)

    path = storage.local(KEY)

    assert (path is not None) is isinstance(storage, Directory)
    assert path is None or path.read_bytes() == b"bytes"
