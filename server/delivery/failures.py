"""What readers are refused."""

from __future__ import annotations

from server.rpc.failures import NotFound


class PageNotFound(NotFound):
    """The path serves nothing to the public; a draft's path neither."""

    reason = "PAGE_NOT_FOUND"
    message = "Nothing is published at this path."
