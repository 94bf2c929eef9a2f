"""Signing in: how long a refusal takes where there is an account and where there is none, and what readers notice of a hundred
people who sign in at once."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import argon2
import asyncpg
import grpc
import uuid6

from bench import lagging
from bench.workers import Asked, Stores
from gazette.auth.v1.account_pb2 import AccountState
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from server.auth.passwords.hashing import PARAMETERS

PASSWORD, WRONG = "violet-harbour-lantern", "a wrong guess"
PEOPLE = 100
GUESSES = 300
READ = "/gazette.delivery.v1.DeliveryService/GetPage"
PAGE = "guidance/moor-a-boat"
READS_A_SECOND = 100
ROUNDS, SECONDS = 8, 4.0


class Round(NamedTuple):
    """What a few seconds showed, in seconds."""

    reads: list[float]
    lags: list[float]


def main() -> None:
    with ExitStack() as running:
        stores = running.enter_context(Stores.filled())
        emails = asyncio.run(add_people(stores.database_url))
        server = running.enter_context(stores.serving("server", "bench.lagging", str(stores.notes)))
        people = running.enter_context(signing_in(server, emails))
        asyncio.run(compare_refusals(server, emails))
        asyncio.run(read_meanwhile(server, people, stores.notes))


async def add_people(database_url: str) -> list[str]:
    """Accounts that share a password. Their addresses."""
    stored = argon2.PasswordHasher.from_parameters(PARAMETERS).hash(PASSWORD)
    emails = [f"person-{number:03}@example.gov" for number in range(PEOPLE)]
    connection = await asyncpg.connect(database_url)
    await connection.executemany(
        "INSERT INTO accounts (id, email, name, password_hash, state) VALUES ($1, $2, 'Somebody', $3, $4)",
        [(uuid6.uuid7(), email, stored, AccountState.ACCOUNT_STATE_ACTIVE) for email in emails],
    )
    await connection.close()
    return emails


@contextmanager
def signing_in(server: Asked, emails: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.signing_in", server.address, PASSWORD, *emails]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


async def compare_refusals(server: Asked, emails: Sequence[str]) -> None:
    """Three guesses at each account, and as many at accounts that are not there, in turns and from ever new addresses."""
    taken: dict[str, list[float]] = {"wrong password": [], "unknown account": []}
    random.seed(1)
    async with grpc.aio.insecure_channel(server.address) as channel:
        auth = AuthServiceStub(channel)
        for number in range(GUESSES):
            both = [("wrong password", emails[number % PEOPLE]), ("unknown account", f"nobody-{number:03}@example.gov")]
            random.shuffle(both)
            for place, (name, email) in enumerate(both):
                metadata = (("x-forwarded-for", f"10.{place}.{number // 250}.{number % 250}"),)
                start = time.perf_counter()
                try:
                    await auth.Login(LoginRequest(email=email, password=WRONG), metadata=metadata, timeout=10)
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                        raise
                taken[name].append(time.perf_counter() - start)
    print(f"\nrefused sign-ins, {GUESSES} of each in turns")
    for name, seconds in taken.items():
        print(f"  {name:<44}{statistics.median(seconds) * 1e3:7.2f} ms, the median")
    wrong, unknown = map(statistics.median, taken.values())
    print(f"  they differ by {abs(wrong - unknown) * 1e3:.2f} ms; at most {max(5, wrong * 100):.1f} ms is promised")


async def read_meanwhile(server: Asked, people: subprocess.Popen[str], notes: Path) -> None:
    """Reads at a steady rate, in turns with nobody and with a hundred people signing in."""
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    counts: Counter[str] = Counter()
    assert people.stdin is not None
    assert people.stdout is not None
    async with grpc.aio.insecure_channel(server.address) as channel:
        for number in range(2 * ROUNDS + 2):
            is_crowded = number % 2 == 1
            if is_crowded:
                people.stdin.write(f"{SECONDS}\n")
                people.stdin.flush()
            start = time.monotonic()
            seconds = await reads(channel)
            counted = number >= 2  # the first two warm up
            if counted:
                rounds[is_crowded].append(Round(seconds, lagging.lags(notes, start, time.monotonic())))
            if is_crowded:
                answers = json.loads(await asyncio.to_thread(people.stdout.readline))
                counts.update(answers if counted else {})
            await asyncio.sleep(0.5)
    print(f"\n{READS_A_SECOND} cached reads a second, {ROUNDS} × {SECONDS:.0f} s without and with {PEOPLE} people signing in")
    print(f"  {counts['OK'] / ROUNDS / SECONDS:.0f} sign-ins a second; all answers: {dict(counts)}")
    for is_crowded, name in ((False, "without"), (True, "with")):
        for what in ("reads", "lags"):
            p50, p99 = (percentile(rounds[is_crowded], what, percent) * 1e3 for percent in (50, 99))
            print(f"  {f'{what} {name} sign-ins':<44}p50 {p50:7.2f} ms, p99 {p99:7.2f} ms (medians of the rounds)")
    ratio = percentile(rounds[True], "reads", 99) / percentile(rounds[False], "reads", 99)
    print(f"  reads' p99 is {ratio:.2f} × as long, promised is 2 at most; the lag's p99 is promised to be 30 ms at most")


async def reads(channel: grpc.aio.Channel) -> list[float]:
    """How long each read took from the moment at which it was due."""
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(READ)
    request = GetPageRequest(path=PAGE).SerializeToString()
    start, pending = time.perf_counter(), []

    async def read(due: float) -> float:
        assert await call(request, timeout=10)
        return time.perf_counter() - due

    for number in range(int(SECONDS * READS_A_SECOND)):
        due = start + number / READS_A_SECOND
        await asyncio.sleep(due - time.perf_counter())
        pending.append(asyncio.create_task(read(due)))
    return await asyncio.gather(*pending)


def percentile(rounds: Sequence[Round], what: str, percent: int) -> float:
    """The median of the rounds' percentiles, so that what else this machine does in one of them does not decide."""
    values: Iterator[list[float]] = (getattr(each, what) for each in rounds)
    return statistics.median(statistics.quantiles(each, n=100)[percent - 1] for each in values)
