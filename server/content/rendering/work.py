"""What rendering does in a process of its own, where it may take long: plain functions of what they are given."""

from __future__ import annotations

from collections.abc import Sequence

from gazette.content.v1.document_pb2 import BodyFormat
from server.content.references import written
from server.content.rendering import bounds, commonmark
from server.content.rendering import notices as kinds
from server.content.rendering.completion import completed
from server.content.rendering.govspeak import prepared
from server.content.rendering.losses import name_losses, name_markdown_losses, name_misplaced, name_unused, without_unfit
from server.content.rendering.markup import sanitised
from server.content.rendering.members import changed_members
from server.content.rendering.notices import Notice, Notices
from server.rpc.objects import Object

DETAILS = "document.details"
BYTE_ORDER_MARK = "\ufeff"


def body_html(body: str, body_format: int, details: Object) -> tuple[str, list[Notice]]:
    """The body as sanitised HTML, and what of it is not as it was written. Raises TooMuch, also for a page that would be too
    large with these details."""
    found = Notices(written.FIELD)
    body = body.removeprefix(BYTE_ORDER_MARK)
    clean = harmless(body, found) if body_format == BodyFormat.BODY_FORMAT_HTML else of_markdown(body, found)
    clean = with_blocks(clean, found)
    bounds.check_page(len(clean.encode()), bounds.size_of(details) if details else 0, written.FIELD)
    return clean, found.listed()


def with_blocks(clean: str, found: Notices) -> str:
    """The body with the blocks that it names as elements. Raises TooMuch for more links by id, or blocks, than may be."""
    marked = written.marked(clean)
    bounds.check_count(marked.links, written.MAX_LINKS, "links by id", written.FIELD)
    bounds.check_count(marked.blocks, written.MAX_BLOCKS, "blocks", written.FIELD)
    if marked.left:
        said = "a block within a link is not shown; its mark stands in the text as it is written"
        found.add(kinds.MARK_NOT_RENDERED, said, count=marked.left)
    return marked.html


def rendered(body: str, body_format: int) -> str:
    """The body as sanitised HTML, for a page without details."""
    return body_html(body, body_format, {})[0]


def of_markdown(body: str, found: Notices) -> str:
    markdown = prepared(body, found)
    bounds.check_references(markdown.text, found.field)
    html = commonmark.html_of(markdown.text)
    bounds.check_cells(html, found.field)
    bounds.check_html(html, found.field)
    clean = without_unfit(sanitised(html, is_body=True), found)
    name_markdown_losses(markdown.text, markdown.lines, found)
    if "<" in body:
        name_misplaced(html, clean, found)
    name_unused(markdown.text, markdown.lines, clean, found)
    return completed(clean, markdown.abbreviations, markdown.defined, found, len(body))


def details_html(details: Object, pointers: Sequence[str], html_bytes: int) -> tuple[Object, list[Notice]]:
    """The details with the members that hold HTML sanitised, and what of them is not as it was written. Raises TooMuch, also
    for a page that would be too large."""
    listed: list[Notice] = []

    def change(text: str, place: str) -> str:
        found = Notices(f"{DETAILS}.{place}")
        clean = harmless(text, found)
        listed.extend(found.listed()[: kinds.MAX_NOTICES + 1 - len(listed)])
        return clean

    clean = changed_members(details, pointers, change)
    bounds.check_page(html_bytes, bounds.size_of(clean), DETAILS)
    return clean, listed


def explanation_html(explanation: str) -> tuple[str, list[Notice]]:
    """Why something is withdrawn or gone, sanitised. Raises TooMuch."""
    found = Notices("explanation")
    return harmless(explanation, found), found.listed()


def harmless(html: str, found: Notices) -> str:
    """The HTML sanitised. Raises TooMuch."""
    if not html:
        return ""
    bounds.check_html(html, found.field)
    clean = without_unfit(sanitised(html, is_body=found.is_body), found)
    name_losses(html, clean, found)
    return clean
