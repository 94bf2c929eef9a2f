"""Storages of both kinds, for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from server.stores.blobs import ObjectStorage, open_storage
from tests.storage.moto import serving
from tests.storage.storing import KEY, folder_settings, s3_settings


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def bucket(moto: str) -> Iterator[ObjectStorage]:
    """One for all tests of a module: boto3 takes a while to get ready."""
    opened = open_storage(s3_settings(moto))
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def is_played(storage: ObjectStorage) -> bool:
    """Whether this is moto, which knows neither what was abandoned nor what time it is."""
    return storage.presigns


@pytest_asyncio.fixture(params=["directory", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStorage]:
    if request.param == "s3":
        opened = request.getfixturevalue("bucket")
        yield opened
        await opened.delete(KEY)
    else:
        opened = open_storage(folder_settings(tmp_path / "files"))
        yield opened
        await opened.close()
