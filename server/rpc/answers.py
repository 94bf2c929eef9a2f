"""How much one message carries, and how a list ends in time.

Clients of gRPC take 4 MiB, and so does the server. Nothing that is saved has more than one answer can show (`MOST_OF_ONE`), so
whatever stands first on a page of a list fits; what comes after it, as far as there is room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from server.rpc.lists.paging import Page

MOST = 4 << 20
"""Bytes of a message, whichever way it goes."""
MOST_OF_ONE = MOST - (128 << 10)
"""Bytes of what is saved as one thing: what an answer, or the message of an export, says of it beside fits into the rest."""
MOST_OF_A_LIST = 2 << 20
"""Bytes of what a page of a list shows, unless a single item has more."""
FRAME = 6
"""Bytes with which an item stands in a list: a field's number and a length."""

Item = TypeVar("Item", bound=Message)


class Room:
    """What is left on a page of a list."""

    def __init__(self, most: int = MOST_OF_A_LIST) -> None:
        self.most = self.left = most

    def takes(self, size: int) -> bool:
        """Whether an item of so many bytes comes onto the page, as the first one does in any case."""
        is_first = self.left == self.most
        if size + FRAME > self.left and not is_first:
            return False
        self.left -= size + FRAME
        return True


def filled(
    page: Page, rows: Sequence[Any], key: Callable[[Any], tuple[Any, ...]], shown: Callable[[Any], Item]
) -> tuple[list[Item], str]:
    """What is shown of the rows of a page, as many as fit, and its `next_page_token`. `key` is a row's sort key."""
    rows, token = page.cut(rows, key)
    items: list[Item] = []
    room = Room()
    for row in rows:
        item = shown(row)
        if not room.takes(item.ByteSize()):
            return items, page.token(*key(rows[len(items) - 1]))
        items.append(item)
    return items, token
