"""Signing in as somebody from somewhere, rightly or wrongly, and how many hashes that cost the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest, LoginResponse
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.passwords import argon
from server.auth.passwords.hashing import Passwords
from tests.refusals import Refusal, refusal
from tests.service import PASSWORD, Service

REQUEST_ID = "the-same-for-all"


async def login(
    service: Service,
    email: str,
    *,
    address: str,
    device_token: str = "",
    password: str = PASSWORD,
    seconds: float = 10,
) -> LoginResponse:
    """Signs in through a proxy of ours that says where the client is."""
    metadata = (("x-forwarded-for", address), ("x-request-id", REQUEST_ID))
    request = LoginRequest(email=email, password=password, device_token=device_token)
    return await AuthServiceStub(service.channel).Login(request, metadata=metadata, timeout=seconds)


async def guess(service: Service, email: str, *, address: str, device_token: str = "") -> Refusal:
    """What a wrong password is told."""
    try:
        await login(service, email, address=address, device_token=device_token, password="not-the-password")
    except grpc.aio.AioRpcError as error:
        return refusal(error)
    raise AssertionError("the wrong password signed in")


@contextmanager
def counted(passwords: Passwords) -> Iterator[list[str]]:
    """The hashes that are computed meanwhile."""
    hashes: list[str] = []
    computed = passwords.computed

    async def computed_and_counted(place: Any, function: Any, *arguments: str) -> Any:
        if function is argon.is_right:
            hashes.append(arguments[0])
        return await computed(place, function, *arguments)

    passwords.computed = computed_and_counted  # type: ignore[method-assign]
    try:
        yield hashes
    finally:
        del passwords.computed
