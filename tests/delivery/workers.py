"""A second process on the same database and Redis, which can be kept from hearing of what is published."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from server import app
from server.app import App
from server.delivery.changes import Changes
from server.delivery.horizon import Horizon
from server.record import CHANNEL
from tests.service import HERE, Service


@dataclass
class Other:
    """The second process."""

    app: App
    channel: grpc.aio.Channel

    @property
    def delivery(self) -> Any:
        return DeliveryServiceStub(self.channel)

    @property
    def record(self) -> Any:
        return RecordServiceStub(self.channel)

    @property
    def horizon(self) -> Horizon:
        return self.app.means(Changes).horizon

    @contextmanager
    def held_back(self) -> Iterator[list[str]]:
        """The notices that come meanwhile arrive at the end."""
        receivers = self.app.base.listener.receivers
        receive, held = receivers[CHANNEL], list[str]()
        receivers[CHANNEL] = held.append
        try:
            yield held
        finally:
            receivers[CHANNEL] = receive
            for notice in held:
                receive(notice)


@asynccontextmanager
async def another(service: Service, **changed: Any) -> AsyncIterator[Other]:
    """With the service's settings, but for those that are changed."""
    process = await app.build(service.settings.model_copy(update=changed))
    await process.start()
    try:
        async with grpc.aio.insecure_channel(
            f"{HERE}:{process.port}", options=[("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            yield Other(process, channel)
    finally:
        await process.stop()
