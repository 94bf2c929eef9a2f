"""What comparing does in a process of its own, where it may take long: plain functions of what they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gazette.content.v1.comparing_pb2 import DiffRevisionsResponse, FieldDiff
from gazette.content.v1.document_pb2 import BodyFormat
from server.content.comparing.members import details_diff, elements_diff, links_diff
from server.content.comparing.sequences import Budget
from server.content.comparing.texts import Room, text_diff
from server.rpc.answers import MOST_OF_ONE
from server.rpc.objects import loaded

TEXTS = ("path", "title", "summary", "body")
LISTS = ("tags", "attachments")
MOST_HTML = 3 << 19
"""Bytes of marked-up HTML that an answer has room for."""


class Said(NamedTuple):
    """What a revision says."""

    words: Mapping[str, Any]
    html: str | None
    """The body as the public would get it; None where no page could hold it."""


NOTHING = Said(
    {**dict.fromkeys(TEXTS, ""), "body_format": 0, "details": {}, "links": {}, "tags": [], "attachments": []},
    "",
)
"""Before there was anything."""


def compared(before: Said, after: Said, *, is_coarse: bool = False) -> bytes:
    """A serialised DiffRevisionsResponse without the numbers. What is coarse takes time by the length of the texts alone."""
    budget, room = Budget(0 if is_coarse else Budget().left), Room()
    response = DiffRevisionsResponse(fields=fields(before.words, after.words, budget, room))
    put_html(response, before.html, after.html, budget, is_coarse=is_coarse)
    if response.ByteSize() > MOST_OF_ONE:
        response.html, response.html_is_omitted = "", True
    return response.SerializeToString()


def coarsely(before: Said, after: Said) -> bytes:
    """The same for what took too long: what differs is told as replaced."""
    return compared(before, after, is_coarse=True)


def fields(before: Mapping[str, Any], after: Mapping[str, Any], budget: Budget, room: Room) -> list[FieldDiff]:
    """Those that differ, as a Revision has them in order. The body is told last, with what room there is left."""
    found: dict[str, FieldDiff] = {}
    for name in ("path", "title", "summary"):
        if before[name] != after[name]:
            found[name] = FieldDiff(field=name, text=text_diff(before[name], after[name], budget, room))
    if before["body_format"] != after["body_format"]:
        names = [BodyFormat.Name(each["body_format"]) if each["body_format"] else "" for each in (before, after)]
        found["body_format"] = FieldDiff(field="body_format", before=names[0], after=names[1])
    for name in LISTS:
        old, new = [*map(str, before[name])], [*map(str, after[name])]
        if old != new:
            found[name] = elements_diff(name, old, new, budget)
    links, new_links = loaded(before["links"]), loaded(after["links"])
    if links != new_links:
        found["links"] = links_diff(links, new_links, budget)
    details, new_details = loaded(before["details"]), loaded(after["details"])
    in_details = details_diff(details, new_details, budget, room)
    if in_details.members:
        found["details"] = in_details
    if before["body"] != after["body"]:
        found["body"] = FieldDiff(field="body", text=text_diff(before["body"], after["body"], budget, room))
    order = ("path", "title", "summary", "body", "body_format", "details", "links", "tags", "attachments")
    return [found[name] for name in order if name in found]


def put_html(
    response: DiffRevisionsResponse, before: str | None, after: str | None, budget: Budget, *, is_coarse: bool
) -> None:
    if before is None or after is None or is_too_long(before, after, is_coarse=is_coarse):
        response.html_is_omitted = True
        return
    if before == after:
        html, response.html_is_coarse = after, False
    else:
        from server.content.comparing.blocks import html_diff  # noqa: PLC0415 - lxml's 10 MB are for those processes alone

        html, response.html_is_coarse = html_diff(before, after, budget, is_coarse=is_coarse)
    response.html_is_omitted = len(html.encode()) > MOST_HTML
    if not response.html_is_omitted:
        response.html = html


def is_too_long(before: str, after: str, *, is_coarse: bool) -> bool:
    """Whether there is no room for what would come of it: at least the later one, and both of what is coarse."""
    return len(after) + (len(before) if is_coarse else 0) > MOST_HTML
