"""What several modules of these tests start once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.stores.blobs.s3 import S3
from tests.deploy import rgw
from tests.deploy.rgw import Ceph
from tests.storage.moto import BUCKET
from tests.storage.storing import s3_settings


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    with rgw.serving(tmp_path_factory.mktemp("ceph") / "cluster") as running:
        S3.open(s3_settings(running.endpoint)).client.create_bucket(Bucket=BUCKET)
        yield running
