"""Delivery: what the public reads.

- **page**: what a path serves in one locale: a page proper, a redirect, or that it is gone. Made at publication.
- **answer**: a page's serialised GetPageResponse. It is stored, cached and sent as it is, never built or parsed for a read.
- **summary**: a page's serialised PageSummary, of which lists are put together.
- **page cache**: the answers that this process holds. It hears of changes by NOTIFY.
- **shared cache**: the answers in Redis, for a process that has just started.
"""

from server.delivery.pages.putting import links, parameters, puts, standing
from server.delivery.pages.serving import is_within, others_serve

__all__ = ["is_within", "links", "others_serve", "parameters", "puts", "standing"]
