"""People who sign in again and again, in a process of their own: `python -m bench.signing_in ADDRESS PASSWORD EMAIL …`.

Reads a number of seconds from each line of its input, signs everybody in for so long, all at once, and prints how often it was
answered what.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub

if TYPE_CHECKING:
    from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

CONNECTIONS = 4
BUSY_SECONDS = 2.0
"""For how long SIGN_IN_BUSY asks to wait."""


async def sign_in(
    auth: AuthServiceAsyncStub, email: str, password: str, address: str, end: float, counts: Counter[str]
) -> None:
    while time.monotonic() < end:
        try:
            await auth.Login(LoginRequest(email=email, password=password), metadata=(("x-forwarded-for", address),), timeout=10)
            counts["OK"] += 1
        except grpc.aio.AioRpcError as error:
            counts[error.code().name] += 1
            await asyncio.sleep(BUSY_SECONDS)


async def main(address: str, password: str, emails: Sequence[str]) -> None:
    options = [("grpc.use_local_subchannel_pool", 1)]
    stubs = [AuthServiceStub(grpc.aio.insecure_channel(address, options=options)) for _ in range(CONNECTIONS)]
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        counts: Counter[str] = Counter()
        end = time.monotonic() + float(line)
        people = enumerate(emails)
        await asyncio.gather(
            *(
                sign_in(stubs[number % CONNECTIONS], email, password, f"10.9.{number // 250}.{number % 250}", end, counts)
                for number, email in people
            )
        )
        print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
