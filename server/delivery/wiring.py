"""What delivery adds to a process: the caches, and what keeps them true."""

from __future__ import annotations

from gazette.delivery.v1 import delivery_service_pb2
from server.delivery.changes import Changes
from server.delivery.horizon import Horizon
from server.delivery.lists.cache import ListCache
from server.delivery.lists.service import Lists
from server.delivery.pages.cache import PageCache
from server.delivery.pages.reading import Reader
from server.delivery.pages.service import Pages
from server.delivery.pages.shared import SharedCache
from server.delivery.samples import Sample
from server.process.domains import Base, Crossings, Domain, Follower
from server.record import CHANNEL

SERVICE = delivery_service_pb2.DESCRIPTOR.services_by_name["DeliveryService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    settings, listener = base.settings, base.listener
    shared_cache = SharedCache(base.redis)
    list_cache = ListCache(base.redis, lambda: listener.is_listening)
    page_cache = PageCache(
        Reader(base.database, shared_cache),
        max_bytes=settings.page_cache_bytes,
        stale_seconds=settings.page_stale_age.total_seconds(),
        lost_since=lambda: listener.lost_since,
        shared_head=lambda: changes.shared_head,
    )
    horizon = Horizon(lambda: changes.read_missed(), lambda: listener.is_listening)  # noqa: PLW0108 - they come below
    changes = Changes(base.database, page_cache, list_cache, shared_cache, horizon)
    max_age = int(settings.page_max_age.total_seconds())
    return Domain(
        services={
            SERVICE: (
                Pages(page_cache, horizon, max_age, crossings.previews),
                Lists(base.database, list_cache, horizon, base.paging, max_age),
            )
        },
        upkeep=(changes.job,),
        followers=(Follower(CHANNEL, changes.receive, changes.catch_up),),
        samples=(Sample(changes),),
        means=(changes,),
    )
