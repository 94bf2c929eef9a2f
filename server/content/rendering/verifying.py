"""Whether what was rendered elsewhere is harmless: sanitising it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from server.content.rendering import bounds, markup
from server.content.rendering.members import sanitised_members
from server.rpc.objects import Object, loaded


def is_sanitised(texts: Sequence[str], details: Object, pointers: Sequence[str]) -> bool:
    """Of HTML, and of the members of details that hold HTML. Raises TooMuch."""
    for html in texts:
        bounds.check_html(html, "record_entry")
    return all(map(markup.is_sanitised, texts)) and loaded(sanitised_members(details, pointers)) == loaded(details)
