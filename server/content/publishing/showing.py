"""What a page shows of others: the titles and paths behind its links, where its links by id lead, and the blocks in its body.

`read` asks for it as it is now; `shown` puts it into a body. Publication does both, and so does a refresh.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from gazette.delivery.v1.page_pb2 import PageAttachment, PageLink, PageLinks
from server import delivery, files
from server.content.blocks.failures import BlockInBlock, BlockNotLive
from server.content.blocks.replacing import with_blocks
from server.content.publishing.pictures import with_pictures
from server.content.references import queries
from server.content.references.failures import LinkTargetNotFound
from server.content.references.written import FIELD, LINK, PICTURE, Named
from server.content.rendering.notices import LINK_TARGET_NOT_LIVE, Notice
from server.rpc.messages import message
from server.stores.statements import Row

Links = Mapping[str, Sequence[str]]


class Seen(NamedTuple):
    """What there is of what some pages of one language name."""

    pages: Mapping[uuid.UUID, Row]
    """By translation key, those that are live."""
    targets: Mapping[uuid.UUID, Row]
    """By the id that a body names, the documents that there are."""
    blocks: Mapping[uuid.UUID, delivery.ShownBlock]
    """By translation key, those that are live."""
    head: int | None
    """The record's newest number when it was read; None where nothing was found."""

    def page(self, id: str) -> Row | None:
        target = self.targets.get(uuid.UUID(id))
        return None if target is None else self.pages.get(target.translation_key)

    def block(self, id: str) -> str | None:
        target = self.targets.get(uuid.UUID(id))
        block = None if target is None else self.blocks.get(target.translation_key)
        return None if block is None else block.html


NOTHING_SEEN = Seen({}, {}, {}, None)


class Shown(NamedTuple):
    """A body as the public gets it."""

    html: str
    unlinked: list[str]
    """Ids of documents to which it links and that are not live: the text stands there, without a link."""


async def files_of(
    connection: asyncpg.Connection, ids: Collection[uuid.UUID], organisation_id: uuid.UUID
) -> Mapping[uuid.UUID, Row]:
    """Those of the files that the organisation has, as pages say them."""
    return {row.id: row for row in await files.described(connection, [*ids], organisation_id)} if ids else {}


def attachments(ids: Iterable[uuid.UUID], there: Mapping[uuid.UUID, Row], pictures: files.Pictures) -> list[PageAttachment]:
    """What a page says of the files that it has attached; what is not there is left out."""
    return [message(PageAttachment, there[id], **pictures.attached(there[id])) for id in ids if id in there]


async def read(connection: asyncpg.Connection, named: Collection[Named], links: Iterable[Links], locale: str) -> Seen:
    """A statement for links of both kinds, one for ids that bodies name, and one for blocks: where there are any."""
    documents = {uuid.UUID(id) for each in named for id in each.documents}
    of_blocks = {uuid.UUID(id) for each in named for id in each.blocks}
    keys = {uuid.UUID(key) for each in links for targets in each.values() for key in targets}
    targets = await queries.targets(connection, [*documents, *of_blocks]) if documents or of_blocks else {}
    keys |= {targets[id].translation_key for id in documents if id in targets}
    pages = await delivery.links(connection, keys, locale) if keys else {}
    block_keys = {targets[id].translation_key for id in of_blocks if id in targets and targets[id].is_block}
    blocks = await delivery.blocks(connection, block_keys, locale) if block_keys else {}
    heads = [next(iter(found.values())).head for found in (pages, blocks) if found]
    return Seen(pages, targets, blocks, min(heads) if heads else None)


def check(named: Named, seen: Seen, *, is_block: bool, may_dangle: bool) -> None:
    """Raises BlockInBlock, BlockNotLive, and LinkTargetNotFound unless what links lead to may come later."""
    if is_block and named.blocks:
        raise BlockInBlock
    if missing := missing_blocks(named, seen):
        raise BlockNotLive(missing)
    if not may_dangle and (dangling := missing_documents(named, seen)):
        raise LinkTargetNotFound(dangling)


def missing_blocks(named: Named, seen: Seen) -> list[str]:
    """Of the blocks that a body names, those that are not live."""
    return [id for id in named.blocks if seen.block(id) is None]


def missing_documents(named: Named, seen: Seen) -> list[str]:
    """Of the documents to which a body links by id, those that there are not."""
    return [id for id in named.documents if uuid.UUID(id) not in seen.targets]


def shown(
    html: str,
    named: Named,
    seen: Seen,
    there: Mapping[uuid.UUID, Row] | None = None,
    pictures: files.Pictures = files.NO_PICTURES,
) -> Shown:
    """The body with what it names by id. All blocks that it names must be live. Where it is known which files are
    `there`, no others are shown: what was deleted for good is neither a picture any more nor a link."""
    gone = frozenset[str]() if there is None else {id for id in named.files if uuid.UUID(id) not in there}
    if gone:
        html = without_pictures(html, gone)
    if there:
        html = with_pictures(html, there, pictures)
    unlinked: dict[str, None] = {}

    def led(match: re.Match[str]) -> str:
        tag, before, name, id, rest = match["tag"], match["before"], match["name"], match["id"].lower(), match["rest"] or ""
        if match["kind"] == "file" and id in gone:
            return f"<{tag} {before}".rstrip()
        if match["kind"] == "file":
            return f'<{tag} {before}{name}="/v1/files/{id}:download"'
        page = seen.page(id)
        if page is None:
            unlinked[id] = None
            return f"<{tag} {before}".rstrip()
        return f'<{tag} {before}{name}="{page.path}{rest}"'

    if named.documents or named.files:
        html = LINK.sub(led, html)
    if named.blocks:
        html = with_blocks(html, {id: seen.block(id) or "" for id in named.blocks})
    return Shown(html, [*unlinked])


def without_pictures(html: str, gone: Collection[str]) -> str:
    """The body without the pictures of these files, and without the paragraphs that were nothing else."""

    def left(match: re.Match[str]) -> str:
        if match["id"].lower() not in gone:
            return match[0]
        before, after = match["before"] or "", match["after"] or ""
        return "" if before and after else before + after

    return PICTURE.sub(left, html)


def expanded(links: Links, pages: Mapping[uuid.UUID, Row]) -> dict[str, PageLinks]:
    """The pages behind translation keys, by kind of link; what is not live is left out."""
    live = {str(key): message(PageLink, row) for key, row in pages.items()}
    found = {kind: PageLinks(pages=[live[key] for key in targets if key in live]) for kind, targets in links.items()}
    return {kind: each for kind, each in found.items() if each.pages}


def notices(unlinked: Sequence[str]) -> list[Notice]:
    """What of a body does not reach readers yet."""
    said = "the document {} is not public: the text stands there, and becomes a link when it is"
    return [Notice(field=FIELD, line=0, reason=LINK_TARGET_NOT_LIVE, message=said.format(id), count=1) for id in unlinked]
