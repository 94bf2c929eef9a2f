"""What a process is put together of: the base that all domains stand on, and what each of them adds to it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from google.protobuf.descriptor import ServiceDescriptor
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from server.background.jobs import Job
from server.background.processes import Processes
from server.formats import parsing
from server.rpc.admission.rates import Rates
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.rpc.explaining import Explain
from server.rpc.failures import Failure
from server.rpc.identifying import Authenticator
from server.rpc.lists.paging import Paging
from server.settings import Settings
from server.stores import blobs, postgres, redis
from server.stores.blobs import ObjectStorage
from server.stores.notify import Listener
from server.stores.postgres import Database
from server.stores.redis import Cache
from server.stores.retention import Expired
from server.stores.shared_counts import SharedCounts


@dataclass(frozen=True)
class Base:
    """The stores and what else every domain may use."""

    settings: Settings
    database: Database
    redis: Cache
    blobs: ObjectStorage
    listener: Listener
    paging: Paging
    rates: Rates
    processes: Processes
    """For work whose cost a caller chooses."""
    parsers: Processes
    """For files, whoever brings them: each takes a few milliseconds, unless it was made to take more."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Base:
        """Opens nothing yet. Raises InvalidSettings."""
        cache = redis.connect(settings)
        return cls(
            settings,
            postgres.connect(settings),
            cache,
            blobs.open_storage(settings),
            Listener(settings.database_url),
            Paging.from_secrets(settings.jwt_secret, settings.jwt_previous_secret),
            Rates(settings.rate_limit_max, int(settings.rate_limit_window.total_seconds()), SharedCounts(cache)),
            Processes(),
            Processes(at_once=1, memory=parsing.MEMORY, imports=parsing.PARSERS),
        )

    async def close(self) -> None:
        await self.parsers.close()
        await self.processes.close()
        await self.blobs.close()
        await self.redis.close()
        await self.database.close()


class Person(NamedTuple):
    """An account, for domains that know it by its id."""

    caller: Caller
    """What it may do now."""
    name: str
    email: str
    """Empty for a service."""


class FileUse(NamedTuple):
    """That a document uses a file, in its newest revision or in the one that is live."""

    document_id: uuid.UUID
    locale: str
    path: str
    title: str
    is_live: bool
    """Whether the public sees it so."""


class FilePages(Protocol):
    """Who knows which documents have a file attached, or name it in their bodies."""

    async def uses(self, connection: AsyncConnection, file_id: uuid.UUID, organisation_id: uuid.UUID) -> Sequence[FileUse]:
        """Those of the file's organisation, what is live first; `file_uses.MOST` at the most."""

    async def follow(self, connection: AsyncConnection, document_ids: Collection[uuid.UUID], *, is_urgent: bool) -> None:
        """Has the pages of these documents show, within seconds after the transaction, what their files are by then."""


class Previewing(Protocol):
    """Who knows what the tokens of previews show."""

    async def page(self, token: str, path: str, locale: str, *, any_locale: bool, call: Call) -> bytes | None:
        """A serialised GetPageResponse, or None where there is no page for all that the reader is to know."""

    async def shows_file(self, token: str, file_id: uuid.UUID) -> bool:
        """Whether the page has the file attached."""


@dataclass(frozen=True)
class Crossings:
    """What a domain asks of one that it may not import, since that one stands above it or beside it."""

    authenticator: Authenticator
    """Files asks who calls a method that is open to everybody."""
    others_use: Any
    """Organisations asks content whether a part of the site is in use: an `organisations.paths.OthersUse`."""
    is_ready: Callable[[], bool]
    """System asks the process whether it takes calls."""
    composers: Callable[[], Mapping[str, Callable[..., Awaitable[Any]]]]
    """Mail asks who writes which kind of mail (`mail.letters.Composer`), once all domains are there."""
    people: Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]
    """Content asks auth who has these accounts, and what they may do now: those that were disabled are left out."""
    previews: Callable[[], Previewing]
    """Delivery and files ask content what a preview's token shows."""
    checks: MutableMapping[str, Callable[[], Awaitable[None]]]
    """System asks what the domains depend on beside the stores, by name; all of them are there once the process is built."""
    file_pages: FilePages
    """Files asks content where a file is used, and has those pages follow what becomes of it."""
    holders: Callable[[uuid.UUID, Permission.ValueType], Awaitable[Mapping[uuid.UUID, Person]]]
    """Content asks auth who holds a permission in an organisation now."""


class Follower(NamedTuple):
    """What hears a channel of PostgreSQL, as `Listener.subscribe` takes it."""

    channel: str
    receive: Callable[[str], None]
    resumed: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What a domain adds to a process."""

    services: Mapping[ServiceDescriptor, Sequence[object]] = field(default_factory=dict)
    """The parts that answer for each service of the contract."""
    jobs: Sequence[Job] = ()
    """What some process of the installation has to do, whichever it is."""
    upkeep: Sequence[Job] = ()
    """What each process does for itself."""
    followers: Sequence[Follower] = ()
    composers: Mapping[str, Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    """Who writes which kind of mail."""
    checks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """What it depends on beside the stores, by name: each raises what is wrong with it."""
    explainers: Mapping[type[Failure], Explain] = field(default_factory=dict)
    """Who says more of which failures, when a caller is to be told of one."""
    retention: Sequence[Expired] = ()
    """Which rows have had their time."""
    closers: Sequence[Callable[[], Awaitable[None]]] = ()
    """What ends other processes when this one ends."""
    samples: Sequence[Callable[[], None]] = ()
    """What brings metrics up to date, twice a second (`sampling`)."""
    means: Sequence[object] = ()
    """What the parts work with, and tests and benchmarks look into."""
