"""The sweep: what nothing refers to goes, what is lost is told of, and what organisations use is counted anew (F7)."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio
import uuid6
from prometheus_client import Gauge
from sqlalchemy import insert, select, update

from gazette.auth.v1.account_pb2 import Role
from server.files.models import File, FileSweep, FileUsage, FileVersion, Rendition, Upload
from server.files.stages import Stage, Way
from server.files.sweeping import rules
from server.files.sweeping.job import EVERY, HELD_BACK, LOST, SUCCEEDED, Sweeping
from server.files.sweeping.reports import Lost, Miscount
from server.files.sweeping.sweep import Sweep
from server.stores.blobs import open_storage
from server.stores.blobs.directory import Directory
from tests.command_line import run
from tests.files.uploading import PDF, PNG, rows, send, upload_of
from tests.service import Person, Service
from tests.storage.moto import serving
from tests.storage.storing import pieces, s3_settings

TWO_DAYS = 2 * 24 * 3600.0
NO_AGE = timedelta()


@pytest_asyncio.fixture
async def organisation_id(own_service: Service) -> str:
    return await own_service.organisation()


@pytest_asyncio.fixture
async def author(own_service: Service, organisation_id: str) -> Person:
    return await own_service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


@pytest_asyncio.fixture
async def storage(own_service: Service) -> AsyncIterator[Directory]:
    folder = own_service.settings.files_directory
    assert folder is not None
    opened = Directory(folder)
    yield opened
    await opened.close()


def aged(path: Path, content: bytes = b"bytes") -> str:
    """A file that was written two days ago, whatever is in it if it is there. Its path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    then = time.time() - TWO_DAYS
    os.utime(path, (then, then))
    return str(path)


async def an_upload(service: Service, file_id: str, author: Person, **columns: object) -> uuid.UUID:
    """One that is to replace the file."""
    id = uuid6.uuid7()
    described = {
        "id": id,
        "file_id": uuid.UUID(file_id),
        "is_replacement": True,
        "way": Way.RESUMABLE,
        "stage": Stage.RECEIVING,
        "name": "harbour.png",
        "size_bytes": 5,
        "sha256": "",
        "author_id": uuid.UUID(author.id),
        "key": f"quarantine/{id}",
        "expire_time": datetime.now(UTC) + timedelta(days=1),
    }
    async with service.database.transaction() as connection:
        await connection.execute(insert(Upload).values({**described, **columns}))
    return id


def value_of(gauge: Gauge) -> float:
    (metric,) = gauge.collect()
    return metric.samples[0].value


async def test_orphans_go_and_what_is_referred_to_stays(
    own_service: Service, storage: Directory, organisation_id: str, author: Person
) -> None:
    """Of files, of their former versions, of uploads on their way and about to be promoted, and of renditions nothing goes,
    however old it is; nor does anything young. The rest goes, of every kind (F7)."""
    folder = storage.folder
    id = (await send(own_service, author, upload_of(organisation_id, PNG), PNG)).file.id
    (file,) = await rows(own_service)
    former, promoted, orphan = (f"blobs/{digit * 64}" for digit in "abc")
    assembly = await storage.begin("quarantine/assembled", content_type="image/png")
    coming = await an_upload(own_service, id, author, blob_key=promoted, storage_upload=assembly)
    async with own_service.database.transaction() as connection:
        version = {"version": 0, "name": "a.png", "content_type": "image/png", "size_bytes": 5, "sha256": "", "facts": {}}
        version |= {"author_id": file.author_id, "was_public": False, "blob_key": former, "file_id": file.id}
        times = {"create_time": file.create_time, "replace_time": file.create_time}
        await connection.execute(insert(FileVersion).values({**version, **times}))
        made = {"specification": "w160-webp", "content_type": "image/webp", "size_bytes": 5, "sha256": ""}
        sides = {"width": 1, "height": 1, "blob_key": file.blob_key, "key": "renditions/a/w160-webp"}
        await connection.execute(insert(Rendition).values({**made, **sides}))
    kept = [former, promoted, f"quarantine/{coming}", f"quarantine/{coming}-tail", f"incoming/{coming}"]
    kept += ["renditions/a/w160-webp", file.blob_key]
    gone = [orphan, "blobs/2026/01/0190d5c3", f"quarantine/{uuid6.uuid7()}", f"quarantine/{uuid6.uuid7()}-tail"]
    gone += ["quarantine/no-id", f"incoming/{uuid6.uuid7()}", "renditions/a/w320-webp"]
    for key in (*kept, *gone):
        aged(folder / key)
    (folder / "blobs" / ("d" * 64)).write_bytes(b"young")
    aged(folder / "elsewhere" / "of-others")

    told = await Sweep(own_service.database, storage, removes=False).run()
    assert sorted(each.key for each in told.orphans) == sorted(gone)
    assert all((folder / key).is_file() for key in (*kept, *gone))
    done = await Sweep(own_service.database, storage).run()

    assert sorted(done.orphans) == sorted(told.orphans)
    assert not any((folder / key).exists() for key in gone)
    assert all((folder / key).is_file() for key in (*kept, f"blobs/{'d' * 64}", "elsewhere/of-others"))
    assert [each async for each in storage.assemblies("quarantine")] != []
    assert (await Sweep(own_service.database, storage).run()).orphans == []


async def test_assemblies_that_nobody_finishes_go(
    own_service: Service, storage: Directory, organisation_id: str, author: Person
) -> None:
    """What was begun long ago and no upload is put together of; others stay."""
    id = (await send(own_service, author, upload_of(organisation_id, PNG), PNG)).file.id
    wanted = await storage.begin("quarantine/wanted", content_type="image/png")
    await an_upload(own_service, id, author, storage_upload=wanted)
    for prefix in rules.ASSEMBLED:
        await storage.begin(f"{prefix}/stale", content_type="image/png")

    assert (await Sweep(own_service.database, storage).run()).orphans == []
    report = await Sweep(own_service.database, storage, age=NO_AGE).run()

    assert sorted(each.key for each in report.orphans) == sorted(f"{prefix}/stale" for prefix in rules.ASSEMBLED)
    left = [each for prefix in rules.ASSEMBLED async for each in storage.assemblies(prefix)]
    assert [(key, name) for key, name, _ in left] == [("quarantine/wanted", wanted)]


async def test_a_blob_that_somebody_begins_to_refer_to_stays(
    own_service: Service, storage: Directory, organisation_id: str, author: Person
) -> None:
    """Between the look and the removal another upload may find that it has the same bytes."""
    id = (await send(own_service, author, upload_of(organisation_id, PNG), PNG)).file.id
    key = f"blobs/{'a' * 64}"
    aged(storage.folder / key)

    class Meanwhile(Sweep):
        async def unknown(self, prefix: str, keys: object) -> set[str]:
            found = await super().unknown(prefix, keys)  # type: ignore[arg-type]
            if key in found:
                await an_upload(own_service, id, author, blob_key=key)
            return found

    await Meanwhile(own_service.database, storage).run()

    assert (storage.folder / key).is_file()


async def test_too_many_orphans_are_not_believed(own_service: Service, storage: Directory) -> None:
    """A server with another database than its storage's would remove all. It leaves them and says so, unless forced to."""
    for number in range(rules.FEW + 1):
        aged(storage.folder / "blobs" / f"{number:064x}")
    aged(storage.folder / "quarantine" / "orphan")

    result = await run(own_service, "files", "sweep")

    assert result.exit_code == 1
    assert f"but for {rules.FEW + 1} blobs, too many to believe it" in result.output
    left = [key async for key in storage.keys("blobs")]
    assert (len(left), [key async for key in storage.keys("quarantine")]) == (rules.FEW + 1, [])
    await Sweeping(own_service.database, storage).work()
    assert value_of(HELD_BACK) == rules.FEW + 1

    result = await run(own_service, "files", "sweep", "--force")
    assert result.exit_code == 0
    assert [key async for key in storage.keys("blobs")] == []


async def test_what_is_lost_is_told_of(own_service: Service, storage: Directory, organisation_id: str, author: Person) -> None:
    """A file without its bytes, or with others of another length, is named and left as it is; so is a rendition, which is made
    anew (F7)."""
    ids = {}
    for name, content in (("whole.png", PNG), ("lost.pdf", PDF)):
        ids[name] = (await send(own_service, author, upload_of(organisation_id, content, name), content)).file.id
    other = PNG + bytes(8)
    ids["cut.png"] = (await send(own_service, author, upload_of(organisation_id, other, "cut.png"), other)).file.id
    keys = {row.name: row.blob_key for row in await rows(own_service)}
    (storage.folder / keys["lost.pdf"]).unlink()
    (storage.folder / keys["cut.png"]).write_bytes(b"cut")
    async with own_service.database.transaction() as connection:
        made = {"specification": "w160-webp", "content_type": "image/webp", "size_bytes": 5, "sha256": ""}
        sides = {"width": 1, "height": 1, "blob_key": keys["whole.png"], "key": "renditions/a/w160-webp"}
        await connection.execute(insert(Rendition).values({**made, **sides}))

    dry = await run(own_service, "files", "sweep", "--dry-run", "--json")
    report = await Sweep(own_service.database, storage).run()

    flaws = {each.file_id: each.flaw for each in report.lost}
    assert flaws == {
        uuid.UUID(ids["lost.pdf"]): "is not in the storage",
        uuid.UUID(ids["cut.png"]): f"has 3 bytes in the storage, not {len(other)}",
    }
    assert report.lost[0]._replace(flaw="") == Lost(
        uuid.UUID(ids["lost.pdf"]), 1, uuid.UUID(organisation_id), "lost.pdf", keys["lost.pdf"], ""
    )
    assert dry.exit_code == 1
    told = json.loads(dry.stdout)
    assert {each["fileId"] for each in told["lost"]} == {ids["lost.pdf"], ids["cut.png"]}
    assert told["lostRenditions"] == report.lost_renditions == ["renditions/a/w160-webp"]
    assert len(await rows(own_service)) == 3
    async with own_service.database.read() as connection:
        assert (await connection.execute(select(Rendition.key))).all() == []


async def test_what_organisations_use_is_counted_anew(
    own_service: Service, storage: Directory, organisation_id: str, author: Person
) -> None:
    """By their files, those deleted but not gone among them, and what is on its way; what was rejected counts for nothing."""
    id = (await send(own_service, author, upload_of(organisation_id, PNG), PNG)).file.id
    assert (await Sweep(own_service.database, storage).run()).miscounts == []
    await an_upload(own_service, id, author, size_bytes=1000)
    await an_upload(own_service, id, author, size_bytes=5000, stage=Stage.REJECTED)
    other = await own_service.organisation()
    async with own_service.database.transaction() as connection:
        await connection.execute(update(File).values(delete_time=datetime.now(UTC)))
        await connection.execute(insert(FileUsage).values(organisation_id=uuid.UUID(other), used_bytes=7))

    told = await Sweep(own_service.database, storage, removes=False).run()
    report = await Sweep(own_service.database, storage).run()

    assert sorted(report.miscounts) == sorted(told.miscounts)
    assert set(report.miscounts) == {
        Miscount(uuid.UUID(organisation_id), len(PNG), len(PNG) + 1000),
        Miscount(uuid.UUID(other), 7, 0),
    }
    assert (await Sweep(own_service.database, storage).run()).miscounts == []


async def test_one_process_sweeps_once_a_day(own_service: Service, storage: Directory) -> None:
    """Whoever comes first does; the others tell what it found. One that died is replaced."""
    orphan = storage.folder / "blobs" / ("a" * 64)
    aged(orphan)
    sweeping = Sweeping(own_service.database, storage)
    long_ago = datetime.now(UTC) - EVERY - timedelta(minutes=1)

    await sweeping.work()
    assert orphan.exists()  # the schema is younger than a day
    async with own_service.database.transaction() as connection:
        soon = datetime.now(UTC) + timedelta(minutes=1)
        await connection.execute(update(FileSweep).values(finish_time=long_ago, holder=uuid.uuid4(), held_until=soon))
    await sweeping.work()
    assert orphan.exists()
    async with own_service.database.transaction() as connection:
        await connection.execute(update(FileSweep).values(held_until=long_ago))
    await sweeping.work()

    assert not orphan.exists()
    assert value_of(SUCCEEDED) > long_ago.timestamp() + EVERY.total_seconds()
    assert value_of(LOST) == 0
    aged(orphan)
    await sweeping.work()
    assert orphan.exists()


async def test_a_sweep_that_was_taken_over_ends(own_service: Service, storage: Directory) -> None:
    """Whoever held on too late leaves the rest to the other."""
    aged(storage.folder / "blobs" / ("a" * 64))

    await Sweeping(own_service.database, storage).sweep(uuid.uuid4())

    assert [key async for key in storage.keys("blobs")] == [f"blobs/{'a' * 64}"]


async def test_a_bucket_is_swept_as_a_folder_is(own_service: Service) -> None:
    """The same on S3, as moto plays it."""
    with serving() as endpoint:
        bucket = open_storage(s3_settings(endpoint))
        for key in ("blobs/orphan", "quarantine/orphan", "incoming/orphan", "renditions/orphan", "elsewhere/of-others"):
            await bucket.write(key, pieces(b"bytes"), content_type="image/png")

        assert (await Sweep(own_service.database, bucket).run()).orphans == []
        await bucket.begin("incoming/stale", content_type="image/png")
        report = await Sweep(own_service.database, bucket, age=NO_AGE).run()

        assert len(report.orphans) == 5
        assert [key for prefix in rules.PREFIXES async for key in bucket.keys(prefix)] == []
        assert [key async for key in bucket.keys("elsewhere")] == ["elsewhere/of-others"]
        await bucket.close()
