"""Replacing the key that signs access tokens, under load: no request fails (T6)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
import jwt
import pytest
from sqlalchemy.engine import make_url

from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LoginRequest, RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_service_pb2 import ListOrganisationsRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server import app
from server.auth.tokens.signing import KeyRing
from server.settings import Settings
from tests.auth.asking import get_me
from tests.auth.forging import FORGES, OTHER_SECRET, SECRET, written
from tests.refusals import refused
from tests.service import PASSWORD, Service, make_settings

Stub = TypeVar("Stub")

CLIENTS = 2
ROUNDS = 4  # that each client goes through, at least, before the next step: one more than with one sign-in
LONGEST = 60.0


def steps(algorithm: str, directory: Path) -> list[dict[str, str]]:
    """The settings that replace one key by another, as docs/tokens.md tells it: those before, and those of each step."""
    forge = FORGES[algorithm]
    if algorithm == "HS256":
        sign, accept, old, new = "JWT_SECRET", "JWT_PREVIOUS_SECRET", SECRET, OTHER_SECRET
    else:
        sign, accept = "JWT_KEY_FILE", "JWT_VERIFICATION_KEY_FILES"
        old, new = written(directory, forge.key), written(directory, forge.other)
    return [{sign: old}, {sign: old, accept: new}, {sign: new, accept: old}, {sign: new}]


@dataclass
class Fleet:
    """The processes that serve at the moment; calls go to them in turn."""

    channels: list[grpc.aio.Channel] = field(default_factory=list)
    turn: itertools.count[int] = field(default_factory=itertools.count)

    def any(self, stub: Callable[[grpc.aio.Channel], Stub]) -> Stub:
        return stub(self.channels[next(self.turn) % len(self.channels)])


@dataclass
class Client:
    """Signs in now and then, refreshes in time, and calls all the while. It raises whatever is refused."""

    fleet: Fleet
    email: str
    access_token: str = ""
    rounds: int = 0

    @property
    def kid(self) -> str:
        kid: str = jwt.get_unverified_header(self.access_token)["kid"]
        return kid

    async def run(self) -> None:
        while True:
            signed_in = await self.fleet.any(AuthServiceStub).Login(LoginRequest(email=self.email, password=PASSWORD))
            self.access_token, refresh_token = signed_in.access_token, signed_in.refresh_token
            for _ in range(3):
                await self.call()
                request = RefreshTokenRequest(refresh_token=refresh_token)
                refreshed = await self.fleet.any(AuthServiceStub).RefreshToken(request)
                self.access_token, refresh_token = refreshed.access_token, refreshed.refresh_token

    async def call(self) -> None:
        """Asks every process who it is, and reads a list of two pages, each perhaps from another process."""
        metadata = (("authorization", f"Bearer {self.access_token}"),)
        for _ in self.fleet.channels:
            me = await self.fleet.any(AuthServiceStub).GetMe(GetMeRequest(), metadata=metadata)
            assert me.account.email == self.email
        request = ListOrganisationsRequest(page_size=1)
        while True:
            page = await self.fleet.any(OrganisationServiceStub).ListOrganisations(request, metadata=metadata)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        self.rounds += 1


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[grpc.aio.Channel]:
    started = await app.build(settings)
    await started.start()
    local = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{started.port}", options=local) as channel:
        try:
            yield channel
        finally:
            await started.stop()


async def gone_on(clients: Sequence[Client]) -> None:
    """Waits until each client has been through so many rounds more."""
    before = [client.rounds for client in clients]
    async with asyncio.timeout(LONGEST):
        while any(client.rounds < past + ROUNDS for client, past in zip(clients, before, strict=True)):
            await asyncio.sleep(0.02)


async def moved(clients: Sequence[Client], kid: str) -> None:
    """Waits, as an operator waits for the lifetime of the tokens, until no client holds one of another key."""
    async with asyncio.timeout(LONGEST):
        while any(client.kid != kid for client in clients):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("algorithm", FORGES)
async def test_no_request_fails(own_service: Service, tmp_path: Path, algorithm: str) -> None:
    """Processes with the settings of one step and of the next serve side by side, through all steps, and refuse nobody."""
    database = make_url(own_service.settings.database_url).database or ""
    settings = [make_settings(own_service.servers, database, tmp_path, **step) for step in steps(algorithm, tmp_path)]
    fleet = Fleet()
    clients = [Client(fleet, (await own_service.account()).email) for _ in range(CLIENTS)]
    for _ in range(2):
        await own_service.organisation()
    async with AsyncExitStack() as serving:
        fleet.channels = [await serving.enter_async_context(process(settings[0]))]
        async with asyncio.TaskGroup() as running:
            load = [running.create_task(client.run()) for client in clients]
            await gone_on(clients)
            assert {client.kid for client in clients} == {KeyRing.from_settings(settings[0]).signing.kid}
            for step in settings[1:]:
                beside = await serving.enter_async_context(process(step))
                fleet.channels = [*fleet.channels, beside]
                await gone_on(clients)
                fleet.channels = [beside]
                await gone_on(clients)  # what was under way at the old processes has ended
                await moved(clients, KeyRing.from_settings(step).signing.kid)
            for task in load:
                task.cancel()
    assert KeyRing.from_settings(settings[0]).signing.kid not in {
        key.kid for key in KeyRing.from_settings(settings[-1]).verifying.values()
    }


async def test_from_a_secret_to_a_key_file(service: Service, tmp_path: Path) -> None:
    """Tokens of the key hold before it signs; when it does, those of the secret end, and their sessions go on by a refresh."""
    database = make_url(service.settings.database_url).database or ""
    key = written(tmp_path, FORGES["EdDSA"].key)
    prepared = make_settings(service.servers, database, tmp_path, JWT_VERIFICATION_KEY_FILES=key)
    moved = make_settings(service.servers, database, tmp_path, JWT_KEY_FILE=key)
    person = await service.account()
    async with process(prepared) as before, process(moved) as after:
        await get_me(before, person.access_token)
        assert (await refused(get_me(after, person.access_token))).reason == "INVALID_ACCESS_TOKEN"
        again = await AuthServiceStub(after).RefreshToken(RefreshTokenRequest(refresh_token=person.refresh_token))
        for channel in (before, after):
            assert (await get_me(channel, again.access_token)).account.id == person.id
