"""What has had its time is cleared away, and nothing else."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from gazette.auth.v1.account_pb2 import AccountState
from server.auth.models import Account, Link, SignInAttempts
from server.mail.models import Mail
from server.stores import retention
from server.stores.idempotency import IdempotencyKey
from server.stores.postgres import Model
from tests.service import Service

ACCOUNT = uuid.UUID(int=1)


def idempotency_key(key: str, age: timedelta) -> dict[str, Any]:
    return {
        "account_id": ACCOUNT,
        "method": "m",
        "key": key,
        "request_sha256": b"",
        "answer": b"",
        "create_time": func.now() - age,
    }


def attempts(key: str, age: timedelta) -> dict[str, Any]:
    return {"key": key, "count": 1, "expire_time": func.now() - age}


def link(key: str, age: timedelta) -> dict[str, Any]:
    made = func.now() - age
    return {
        "id": uuid.uuid5(ACCOUNT, key),
        "account_id": ACCOUNT,
        "purpose": key,
        "email": "ada@example.gov",
        "create_time": made,
        "expire_time": made + timedelta(days=7),
    }


def sent(key: str, age: timedelta) -> dict[str, Any]:
    return {
        "id": uuid.uuid5(ACCOUNT, key),
        "kind": key,
        "recipient": "ada@example.gov",
        "parameters": {},
        "create_time": func.now() - age,
        "next_attempt_time": None,
    }


def waiting(key: str, age: timedelta) -> dict[str, Any]:
    return sent(key, age) | {"next_attempt_time": func.now() + timedelta(days=1)}


async def add(service: Service, table: type[Model], *rows: dict[str, Any]) -> None:
    async with service.database.transaction() as connection:
        for row in rows:
            await connection.execute(insert(table).values(row))


async def names(service: Service, column: Any) -> set[str]:
    async with service.database.read() as connection:
        return set((await connection.execute(select(column))).scalars())


@pytest.mark.parametrize(
    ("table", "row", "column", "kept"),
    [
        (IdempotencyKey, idempotency_key, IdempotencyKey.key, timedelta(days=7)),
        (SignInAttempts, attempts, SignInAttempts.key, timedelta(0)),
        (Link, link, Link.purpose, timedelta(days=30)),
        (Mail, sent, Mail.kind, timedelta(days=90)),
    ],
    ids=["idempotency keys", "sign-in attempts", "links", "mails"],
)
async def test_what_is_over_goes(own_service: Service, table: type[Model], row: Any, column: Any, kept: timedelta) -> None:
    """What is older than its time is removed, what is younger stays."""
    async with own_service.database.transaction() as connection:
        await connection.execute(insert(Account).values(id=ACCOUNT, name="Ada", state=AccountState.ACCOUNT_STATE_ACTIVE))
    hour = timedelta(hours=1)
    await add(own_service, table, row("young", kept - hour), row("old", kept + hour), row("older", kept + 100 * hour))
    await retention.clear(own_service.database, own_service.app.expired)
    assert await names(own_service, column) == {"young"}


async def test_a_mail_that_waits_stays(own_service: Service) -> None:
    """However old: it is still to be sent."""
    await add(own_service, Mail, waiting("old", timedelta(days=400)))
    await retention.clear(own_service.database, own_service.app.expired)
    assert await names(own_service, Mail.kind) == {"old"}


async def test_more_than_one_transaction_takes(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is over goes, in as many transactions as it takes."""
    monkeypatch.setattr(retention, "BATCH", 3)
    await add(own_service, SignInAttempts, *(attempts(f"{number}", timedelta(hours=1)) for number in range(10)))
    await retention.clear(own_service.database, own_service.app.expired)
    assert await names(own_service, SignInAttempts.key) == set()


async def test_what_another_clears_away(own_service: Service) -> None:
    """Rows that another process has locked are left to it, without waiting."""
    await add(own_service, SignInAttempts, attempts("theirs", timedelta(hours=1)), attempts("ours", timedelta(hours=1)))
    async with own_service.database.transaction() as connection:
        await connection.execute(select(SignInAttempts).where(SignInAttempts.key == "theirs").with_for_update())
        await retention.clear(own_service.database, own_service.app.expired)
        assert await names(own_service, SignInAttempts.key) == {"theirs"}
