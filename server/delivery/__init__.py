"""Delivery: what the public reads.

- **page**: what a path serves in one locale: a page proper, a redirect, or that it is gone. Made at publication.
- **answer**: a page's serialised GetPageResponse. It is stored, cached and sent as it is, never built or parsed for a read.
- **summary**: a page's serialised PageSummary, of which lists are put together.
- **page cache**: the answers that this process holds. It hears of changes by NOTIFY.
- **shared cache**: the answers in Redis, for a process that has just started.
"""

from server.delivery.pages.circles import circle
from server.delivery.pages.following import Place
from server.delivery.pages.locations import location
from server.delivery.pages.putting import (
    ALL_LEFT,
    ShownBlock,
    block_sizes,
    blocks,
    free,
    left,
    links,
    parameters,
    puts,
    refreshed,
    refreshes,
    removal,
    removes,
    says_the_same,
    standing,
)
from server.delivery.pages.reading import location_of
from server.delivery.pages.reviewing import Stored, stored
from server.delivery.pages.rules import located, prefixes, site_path
from server.delivery.pages.serving import is_within, others_serve, serving
from server.delivery.pages.transferring import (
    answer,
    answers,
    blocks_published_after,
    pages_after,
    pages_published_after,
    remove,
    restore,
    there,
)

__all__ = [
    "ALL_LEFT",
    "Place",
    "ShownBlock",
    "Stored",
    "answer",
    "answers",
    "block_sizes",
    "blocks",
    "blocks_published_after",
    "circle",
    "free",
    "is_within",
    "left",
    "links",
    "located",
    "location",
    "location_of",
    "others_serve",
    "pages_after",
    "pages_published_after",
    "parameters",
    "prefixes",
    "puts",
    "refreshed",
    "refreshes",
    "removal",
    "remove",
    "removes",
    "restore",
    "says_the_same",
    "serving",
    "site_path",
    "standing",
    "stored",
    "there",
]
