"""Each metric moves when its thing happens: a real server is called, and scraped."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.audit.sealing import Sealer
from server.background.jobs import Job
from server.delivery.changes import Changes
from server.rpc.failures import Unavailable
from server.stores import postgres
from tests.content.desk import Desk
from tests.files.uploading import PNG, send, upload_of
from tests.metrics.scraping import Scraper, exported
from tests.publishing import put_page
from tests.servers import Servers
from tests.service import PASSWORD, Service, running
from tests.storage.moto import KEYS


@pytest.fixture(autouse=True)
async def alone() -> None:
    """A process has one set of metrics: no server of other tests looks at itself meanwhile."""
    for task in asyncio.all_tasks():
        if task.get_name() == "metrics":
            task.cancel()


@pytest.fixture
def metrics() -> Iterator[Scraper]:
    with exported() as scraper:
        yield scraper


async def read(service: Service, path: str) -> None:
    await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=path, locale="en"), timeout=30)


async def test_page_cache(own_service: Service, metrics: Scraper) -> None:
    """A read is counted by the layer that had the page; what is held shows in bytes and entries."""
    name, path = "gazette_page_cache_requests_total", f"/{uuid.uuid4().hex}"
    before = metrics.all()
    await put_page(own_service.database, path)
    for _ in range(3):
        await read(own_service, path)
    with suppress(grpc.RpcError):
        await read(own_service, f"{path}/nothing")

    def moved(**labels: str) -> float:
        return metrics.value(name, **labels) - before.get((name, frozenset(labels.items())), 0.0)

    hits = before.get((name, frozenset({("layer", "memory"), ("result", "hit")})), 0.0)
    await metrics.until(name, hits + 2, layer="memory", result="hit")
    assert moved(layer="memory", result="miss") == 2
    assert moved(layer="database", result="hit") == 1
    assert moved(layer="database", result="miss") == 1
    assert await metrics.until("gazette_page_cache_entries", 1, kind="page")
    assert await metrics.until("gazette_page_cache_entries", 1, kind="nothing")
    assert await metrics.until("gazette_page_cache_bytes", 600)
    assert metrics.value("gazette_page_cache_limit_bytes") == own_service.settings.page_cache_bytes


async def test_redis_s_layer(own_service: Service, metrics: Scraper) -> None:
    """What another process has shared in Redis is a hit there."""
    path = f"/{uuid.uuid4().hex}"
    number = await put_page(own_service.database, path)
    await metrics.until("gazette_record_head", number)
    before = metrics.value("gazette_page_cache_requests_total", layer="redis", result="hit")
    await read(own_service, path)
    own_service.app.means(Changes).page_cache.clear()
    await read(own_service, path)
    assert metrics.value("gazette_page_cache_requests_total", layer="redis", result="hit") == before + 1


async def test_the_record(own_service: Service, metrics: Scraper) -> None:
    """The newest entry that was heard of, and how far the slowest process has come; nothing is silent."""
    number = await put_page(own_service.database, f"/{uuid.uuid4().hex}")
    assert await metrics.until("gazette_record_head", number) == number
    assert await metrics.until("gazette_record_head_slowest", number) == number
    assert metrics.value("gazette_notifications_silent_seconds") == 0


async def test_notifications_lost(own_service: Service, metrics: Scraper) -> None:
    """For how long nothing was heard is told while it lasts."""
    await own_service.app.base.listener.stop()
    assert await metrics.until("gazette_notifications_silent_seconds", 0.3)


async def test_publications(own_service: Service, metrics: Scraper) -> None:
    """What goes on the record, and what is refused there."""
    name, desk = "gazette_publications_total", await Desk.opened(own_service)
    published, refused = (metrics.value(name, outcome=outcome) for outcome in ("published", "refused"))
    await desk.published()
    assert metrics.value(name, outcome="published") == published + 1
    path = f"{desk.root}/taken"
    await put_page(own_service.database, path)  # of another organisation
    with pytest.raises(grpc.RpcError):
        await desk.published(path)
    assert metrics.value(name, outcome="refused") == refused + 1


async def test_sign_ins(own_service: Service, metrics: Scraper) -> None:
    """Each sign-in by its outcome; what the throttle has no room for by the budget too."""
    name = "gazette_sign_ins_total"
    person = await own_service.account()
    before = {outcome: metrics.value(name, outcome=outcome) for outcome in ("signed_in", "refused", "throttled")}
    throttled = metrics.value("gazette_sign_in_throttled_total", budget="address")
    await own_service.sign_in(person.email)
    for _ in range(11):
        with pytest.raises(grpc.RpcError):
            await AuthServiceStub(own_service.channel).Login(LoginRequest(email="nobody@example.gov", password=PASSWORD + "x"))
    assert metrics.value(name, outcome="signed_in") == before["signed_in"] + 1
    assert metrics.value(name, outcome="refused") > before["refused"]
    assert metrics.value(name, outcome="throttled") > before["throttled"]
    assert metrics.value("gazette_sign_in_throttled_total", budget="address") > throttled


async def test_rate_limits(servers: Servers, template: str, tmp_path: Path, metrics: Scraper) -> None:
    """Calls beyond the limit, by account and by address."""
    async with running(servers, template, tmp_path, RATE_LIMIT_MAX="2") as service:
        person = await service.account()
        before = {by: metrics.value("gazette_rate_limited_total", by=by) for by in ("account", "address")}
        for _ in range(3):
            with suppress(grpc.RpcError):
                await AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=person.metadata)
            with suppress(grpc.RpcError):
                await AuthServiceStub(service.channel).Login(LoginRequest(email="no@example.gov", password=PASSWORD))
        assert {by: metrics.value("gazette_rate_limited_total", by=by) - before[by] for by in before} == {
            "account": 1,
            "address": 1,
        }


async def test_uploads(own_service: Service, metrics: Scraper) -> None:
    """Bytes as they come."""
    organisation_id = await own_service.organisation()
    author = await own_service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    before = metrics.value("gazette_upload_bytes_total")
    await send(own_service, author, upload_of(organisation_id, PNG), PNG)
    assert metrics.value("gazette_upload_bytes_total") == before + len(PNG)
    assert metrics.value("gazette_files_inspected_total", type="image/png", outcome="sound")


async def test_jobs(metrics: Scraper) -> None:
    """Runs of jobs by outcome, how long they took, and when one last ended well."""
    outcomes = iter((None, Unavailable(), ValueError("of the test")))

    async def work() -> None:
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome

    job = Job("rates", work, seconds=0.01)
    before = {
        outcome: metrics.value("gazette_job_runs_total", job_name="rates", outcome=outcome) for outcome in ("put_off", "failed")
    }
    job.start()
    for outcome, value in before.items():
        await metrics.until("gazette_job_runs_total", value + 1, job_name="rates", outcome=outcome)
    await metrics.until("gazette_job_runs_total", 2, job_name="rates", outcome="done")
    await job.stop()
    assert metrics.value("gazette_job_seconds_count", job_name="rates") >= 3
    assert metrics.value("gazette_job_last_success_timestamp_seconds", job_name="rates") > 1.7e9


async def test_queues(own_service: Service, metrics: Scraper) -> None:
    """Mails that wait, for how long and how late they are; events without a seal, and the age of the oldest."""
    for job in own_service.app.jobs:
        if job.name in {"mail", "audit sealing"}:
            await job.stop()
    async with own_service.owner.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO mails (id, kind, recipient, parameters, create_time, next_attempt_time) VALUES"
                " (gen_random_uuid(), 'x', 'ada@example.gov', '{}', now() - interval '1 hour', now() - interval '5 minutes')"
            )
        )
    await own_service.sign_in((await own_service.account()).email)
    sending = next(job for job in own_service.app.jobs if job.name == "mail").work.__self__  # type: ignore[attr-defined]
    object.__setattr__(sending, "transport", None)
    await sending.send_all()
    assert metrics.value("gazette_mails_waiting") == 1
    assert metrics.value("gazette_mails_oldest_age_seconds") == pytest.approx(3600, abs=30)
    assert metrics.value("gazette_mails_overdue_seconds") == pytest.approx(300, abs=30)
    await asyncio.sleep(0.5)
    await Sealer(own_service.database).seal_all()
    assert metrics.value("gazette_audit_unsealed") >= 1
    assert 0.4 < metrics.value("gazette_audit_seal_age_seconds") < 30
    await Sealer(own_service.database).seal_all()
    assert metrics.value("gazette_audit_seal_age_seconds") == 0


async def test_pools(own_service: Service, metrics: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections in use and idle, and how long somebody waited where none was free."""
    database = own_service.database
    size = database.pool.size
    assert metrics.value("gazette_pool_size", pool="direct") == size
    waits = {pool: metrics.value("gazette_pool_wait_seconds_count", pool=pool) for pool in ("direct", "primary", "redis")}

    async def hold() -> None:
        async with database.direct():
            await asyncio.sleep(1)

    async def hold_other() -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT pg_sleep(1)"))

    holding = [asyncio.create_task(hold()) for _ in range(size + 1)]
    holding += [asyncio.create_task(hold_other()) for _ in range(own_service.settings.database_pool_max - size + 1)]
    await metrics.until("gazette_pool_connections", size, pool="direct", state="in_use")
    await metrics.until("gazette_pool_connections", 2, pool="primary", state="in_use")
    await asyncio.gather(*holding)
    await asyncio.gather(*(own_service.app.base.redis.get("nothing") for _ in range(40)))
    await metrics.until("gazette_pool_connections", 1, pool="direct", state="idle")
    for pool, value in waits.items():
        assert metrics.value("gazette_pool_wait_seconds_count", pool=pool) > value


async def test_calls_in_progress(own_service: Service, metrics: Scraper) -> None:
    """Calls that are being answered, the event loop's lateness, memory and open files."""
    limits = own_service.app.limits
    assert metrics.value("gazette_calls_limit", kind="reads") == limits.reads.most
    limits.work.taken += 7
    assert await metrics.until("gazette_calls_in_progress", 7, kind="work") == 7
    limits.work.taken -= 7
    active, limits.turns.active = limits.turns.active, 1000
    turn = asyncio.create_task(limits.turns.take())
    await metrics.until("gazette_calls_awaiting_turn", 1)
    limits.turns.active = active
    limits.turns.go_on()
    await turn
    limits.turns.give()
    assert await metrics.until("gazette_event_loop_lag_seconds_count", 1)
    assert metrics.value("gazette_resident_memory_bytes") > 20e6
    assert metrics.value("gazette_open_file_descriptors") > 10


async def test_errors_of_stores(servers: Servers, template: str, tmp_path: Path, metrics: Scraper) -> None:
    """What fails in Redis, PostgreSQL or the object storage, by kind."""
    name = "gazette_store_errors_total"
    gone = {"FILES_DIRECTORY": "", "S3_ENDPOINT": "http://127.0.0.1:1", **KEYS}
    async with running(servers, template, tmp_path, **gone) as service:
        before = metrics.all()

        def moved(store: str, kind: str) -> float:
            labels = {"store": store, "kind": kind}
            return metrics.value(name, **labels) - before.get((name, frozenset(labels.items())), 0.0)

        with pytest.raises(Unavailable):
            await service.app.base.blobs.check()
        assert moved("object_storage", "unreachable") >= 1
        cache = service.app.base.redis
        assert await cache.run("return redis.call('NONSENSE')", "key") is False
        assert moved("redis", "refused") >= 1
        with pytest.raises(postgres.DatabaseUnavailable):
            async with service.database.read() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert moved("postgresql", "stopping") + moved("postgresql", "unreachable") >= 1
