"""How large the page of a document would be with its links and files, as they are now.

Of most documents it is known without asking that they fit: there is room for some five hundred links and files, whatever these
are called. Only of the others the pages and files behind them are looked at.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from server import delivery, files
from server.content.change_notes import rules as change_notes
from server.content.documents.sizes import BESIDE, field, sizes_of
from server.content.failures import TooLarge
from server.content.references import queries as references
from server.content.references.written import ELEMENT
from server.content.rendering import Rendering
from server.content.rendering.bounds import size_of
from server.rpc.answers import MOST
from server.rpc.objects import loaded
from server.stores.statements import Row

NOTES = change_notes.MOST_BYTES
"""Bytes of what a page says of its changes, at most: it may come to so many."""
UTF8 = 4
"""Bytes that a character may have."""
LINK_FIELDS, FILE_FIELDS = ("locale", "path", "title", "content_type"), ("name", "content_type", "alternative_text")
SHORT = 64
"""Bytes of a link or a file that are always the same: its id or key, its number of bytes, and the lengths of the rest."""
LINK_MOST = SHORT + 35 + 512 + UTF8 * 1_000 + 100
ADDRESSES = files.SET_MOST + 120
"""Bytes of where a file is, in how many sizes, and how large it is."""
FILE_MOST = SHORT + UTF8 * 255 + 255 + UTF8 * 1_000 + ADDRESSES
PICTURE = 'src="file:'
"""How an image by id is written in a rendered body."""
SHOWN = ("title", "summary", "path", "tags")
"""What a page says as the document does, html and details aside."""


async def check_page(
    connection: asyncpg.Connection, words: Mapping[str, Any], rendering: Rendering, organisation_id: uuid.UUID, locale: str
) -> None:
    """Raises TooLarge for a document whose page no answer could carry if it were published now."""
    links, attachments = loaded(words["links"]), words["attachments"]
    link_count = sum(map(len, links.values()))
    blocks = [match["id"] for match in ELEMENT.finditer(rendering.html)]
    pictures = rendering.html.count(PICTURE)
    if not link_count and not attachments and not blocks and not pictures:
        return  # the rendering has its own bound, which leaves room for all else
    sizes = sizes_of(words)
    details = words["details"] if rendering.html_details is None else rendering.html_details
    own = sum(sizes[name] for name in SHOWN) + field(len(rendering.html.encode())) + size_of(details or {}) + BESIDE
    own += NOTES + pictures * files.PICTURE_MOST
    if pictures and own > MOST:
        told = f"would make a page of {own} bytes with {pictures} images by id in all their sizes, and may make one of {MOST}"
        raise TooLarge("document.body", told)
    if blocks:
        own += await blocks_size(connection, blocks)
        if own > MOST:
            told = f"would make a page of {own} bytes with the blocks that it shows, and may make one of {MOST}"
            raise TooLarge("document.body", told)
    if own + link_count * LINK_MOST + len(attachments) * FILE_MOST <= MOST:
        return
    keys = {uuid.UUID(key) for targets in links.values() for key in targets}
    of_links = links_size(await delivery.links(connection, keys, locale), links) if keys else 0
    known = await files.described(connection, attachments, organisation_id) if attachments else []
    of_files = sum(item_size(file, FILE_FIELDS) + ADDRESSES for file in known)
    check_whole(own, of_links, of_files)


async def blocks_size(connection: asyncpg.Connection, ids: Sequence[str]) -> int:
    """Bytes of the blocks that a body shows, as they are now, of which each may be there several times."""
    targets = await references.targets(connection, [uuid.UUID(id) for id in {*ids}])
    keys = {str(id): target.translation_key for id, target in targets.items()}
    sizes = await delivery.block_sizes(connection, {*keys.values()}) if keys else {}
    return sum(sizes.get(keys[id], 0) for id in ids if id in keys)


def check_whole(own: int, of_links: int, of_files: int) -> None:
    """Raises TooLarge."""
    if (size := own + of_links + of_files) > MOST:
        name, what = ("links", of_links) if of_links > of_files else ("attachments", of_files)
        told = f"would make a page of {size} bytes, of which these are {what}, and may make one of {MOST}"
        raise TooLarge(f"document.{name}", told)


def links_size(found: Mapping[uuid.UUID, Row], links: Mapping[str, Sequence[str]]) -> int:
    """Bytes of the links of a page, given what is found behind their keys: one that is linked twice is there twice."""
    sizes = {str(key): item_size(row, LINK_FIELDS) for key, row in found.items()}
    return sum(sizes.get(key, 0) for targets in links.values() for key in targets) + sum(SHORT + len(kind) for kind in links)


def item_size(row: Row, fields: Iterable[str]) -> int:
    return SHORT + sum(len(getattr(row, name).encode()) for name in fields)
