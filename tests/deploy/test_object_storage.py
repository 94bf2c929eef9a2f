"""The files' storage on Ceph's RGW: what `tests/storage` asks of a bucket, of a service that enforces the protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.background import tasks
from server.stores.blobs import ObjectStorage, StorageUnavailable, open_storage
from server.stores.blobs.s3 import S3
from tests.deploy.rgw import Ceph
from tests.storage import test_assemblies as assembling
from tests.storage import test_moving as moving
from tests.storage import test_storage as each
from tests.storage.storing import KEY, left, pieces, s3_settings, whole

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]


@pytest.fixture(scope="module")
def moto(ceph: Ceph) -> str:
    """For the tests that name the endpoint themselves."""
    return ceph.endpoint


@pytest.fixture
def is_played() -> bool:
    return False


@pytest_asyncio.fixture
async def storage(ceph: Ceph) -> AsyncIterator[ObjectStorage]:
    opened = open_storage(s3_settings(ceph.endpoint))
    yield opened
    await opened.delete(KEY)
    await opened.close()


test_a_blob_comes_back_as_it_was_written = each.test_a_blob_comes_back_as_it_was_written
test_a_part_of_a_blob_can_be_read = each.test_a_part_of_a_blob_can_be_read
test_an_unknown_key_has_no_blob = each.test_an_unknown_key_has_no_blob
test_a_deleted_blob_is_gone = each.test_a_deleted_blob_is_gone
test_an_interrupted_read_leaves_the_blob_readable = each.test_an_interrupted_read_leaves_the_blob_readable
test_a_write_whose_chunks_fail_leaves_nothing = each.test_a_write_whose_chunks_fail_leaves_nothing
test_a_cancelled_write_leaves_nothing = each.test_a_cancelled_write_leaves_nothing
test_a_twice_cancelled_write_leaves_nothing = each.test_a_write_that_is_cancelled_twice_in_its_last_step_leaves_no_part_of_it
test_a_storage_that_answers_is_healthy = each.test_a_storage_that_answers_is_healthy
test_a_missing_bucket_is_an_outage = each.test_a_missing_bucket_is_an_outage
test_a_write_that_fails_leaves_what_was_there = each.test_a_write_that_fails_leaves_what_was_there
test_a_blob_is_put_together_of_its_parts = assembling.test_a_blob_is_put_together_of_its_parts
test_a_part_that_comes_again_takes_the_place_of_the_first = assembling.test_a_part_that_comes_again_takes_the_place_of_the_first
test_a_part_is_not_another_of_its_number = assembling.test_a_part_is_not_another_of_its_number
test_to_assemble_again_is_to_find_the_blob = assembling.test_to_assemble_again_is_to_find_the_blob
test_an_assembly_that_is_not_there_takes_nothing = assembling.test_an_assembly_that_is_not_there_takes_nothing
test_what_was_begun_is_listed_with_its_age = assembling.test_what_was_begun_is_listed_with_its_age
test_a_delete_takes_assemblies_along = assembling.test_a_delete_takes_assemblies_along
test_a_blob_is_described = moving.test_a_blob_is_described
test_a_blob_moves_with_its_bytes = moving.test_a_blob_moves_with_its_bytes
test_a_blob_moves_onto_the_same_blob = moving.test_a_blob_moves_onto_the_same_blob
test_a_blob_that_was_swapped_does_not_move = moving.test_a_blob_that_was_swapped_does_not_move
test_a_blob_that_is_gone_does_not_move = moving.test_a_blob_that_is_gone_does_not_move
test_a_long_blob_moves_by_parts = moving.test_a_long_blob_moves_by_parts
test_blobs_are_listed_in_the_order_of_their_keys = moving.test_blobs_are_listed_in_the_order_of_their_keys
test_a_blob_of_this_machine_can_be_opened = moving.test_a_blob_of_this_machine_can_be_opened


async def test_every_key_is_listed(storage: ObjectStorage) -> None:
    """A list goes on where a page of it ends."""
    keys = [f"{KEY}/{number}" for number in range(3)]
    assert isinstance(storage, S3)
    for key in keys:
        await storage.write(key, pieces(b"bytes"), content_type="image/png")
    lists = storage.client.list_objects_v2

    def list_by_two(**named: object) -> object:
        return lists(**named, MaxKeys=2)  # type: ignore[arg-type]

    storage.client.list_objects_v2 = list_by_two  # type: ignore[assignment,method-assign]
    assert [key async for key in storage.keys(KEY)] == keys
    for key in keys:
        await storage.delete(key)


async def test_a_wrong_secret_is_refused(ceph: Ceph, storage: ObjectStorage) -> None:
    """Signatures are checked here: who has another secret stores nothing, reads nothing, and is told of an outage."""
    await storage.write(KEY, pieces(b"bytes"), content_type="image/png")
    stranger = open_storage(s3_settings(ceph.endpoint).model_copy(update={"s3_secret_key": "another"}))
    for asked in (stranger.check(), stranger.write(f"{KEY}-2", pieces(b"bytes"), content_type="image/png")):
        with pytest.raises(StorageUnavailable):
            await asked
    with pytest.raises(StorageUnavailable):
        await whole(stranger.read(KEY))
    await tasks.settle(5)
    await stranger.close()
    assert left(storage) == [KEY]
