"""Content items of GOV.UK's content API: what they must have, which document each is, and in which order revisions came."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from server.importer.sources import JSON, Refused, Source

NAMESPACE = uuid.NAMESPACE_URL
"""Of the keys that are made from a base path, where an item has no content id."""

REQUIRED: dict[str, tuple[type, ...]] = {
    "base_path": (str,),
    "content_id": (str, type(None)),
    "document_type": (str,),
    "locale": (str,),
    "title": (str, type(None)),
}
OPTIONAL: dict[str, tuple[type, ...]] = {
    "description": (str, list, type(None)),
    "details": (dict,),
    "links": (dict,),
    "redirects": (list,),
    "withdrawn_notice": (dict, type(None)),
}
NAMES: dict[type, str] = {str: "a string", dict: "an object", list: "an array"}

GONE, REDIRECT = "gone", "redirect"
UNTITLED = frozenset({GONE, REDIRECT})
"""Document types whose items have no title: there is no page to show it."""
PLACEHOLDER = "placeholder"
"""The content type of an embedded item that does not say its own."""


class Pair(NamedTuple):
    """What names a document."""

    key: str
    locale: str


@dataclass(frozen=True, slots=True)
class Item:
    """A content item that is to become a document, or one more revision of it."""

    source: str
    """The file, and for a part of it a JSON Pointer behind `#`."""
    content: JSON
    is_embedded: bool = False

    @property
    def pair(self) -> Pair:
        return pair(self.content)

    @property
    def document_type(self) -> str:
        content = self.content
        return str(content.get("document_type") or content.get("schema_name") or PLACEHOLDER)

    @property
    def content_type(self) -> str:
        """The document type, as a content type's name."""
        return re.sub(r"[^a-z0-9]+", "_", self.document_type.lower()).strip("_")

    @property
    def path(self) -> str:
        """Where it is read; for a redirect, where it leads away from."""
        redirects = self.content.get("redirects") or ()
        return str(redirects[0]["path"] if redirects else self.content["base_path"])

    @property
    def schema_name(self) -> str:
        return str(self.content.get("schema_name") or "")

    def revision_order(self) -> tuple[datetime, datetime, str]:
        """Sorts the revisions of one document: by public change, by any change, by file."""
        return instant(self.content.get("public_updated_at")), instant(self.content.get("updated_at")), self.source


def items(source: Source) -> Iterator[Item]:
    """The item of a file, one for each redirect if it has several. Raises Refused."""
    content = source.content
    check(content)
    redirects = content.get("redirects") or []
    if content["document_type"] != REDIRECT:
        if redirects:
            raise Refused("redirects is not empty, but document_type is not redirect")
        yield Item(source.name, content)
        return
    if not redirects:
        raise Refused("redirects is empty: it leads nowhere")
    own = next((at for at, redirect in enumerate(redirects) if redirect["path"] == content["base_path"]), 0)
    yield Item(source.name, {**content, "redirects": [redirects[own]]})
    for at, redirect in enumerate(redirects):
        if at != own:
            named = {"base_path": redirect["path"], "content_id": None, "locale": content["locale"], "title": None}
            yield Item(f"{source.name}#/redirects/{at}", {**named, "document_type": REDIRECT, "redirects": [redirect]})


def check(content: JSON) -> None:
    """Raises Refused for what lacks a member, or has one of another kind."""
    for member, kinds in {**REQUIRED, **OPTIONAL}.items():
        if member not in content:
            if member in REQUIRED:
                raise Refused(f"{member} is missing")
        elif not isinstance(content[member], kinds):
            raise Refused(f"{member} is not {NAMES[kinds[0]]}")
    if content["content_id"] is not None and not is_uuid(content["content_id"]):
        raise Refused("content_id is not a UUID")
    if not content["title"] and content["document_type"] not in UNTITLED:
        raise Refused("title is empty")
    if "govuk" in content.get("details", {}):
        raise Refused("details has a member govuk, where the importer keeps what no field of a document says")
    for redirect in content.get("redirects", ()):
        check_redirect(redirect)
    check_links(content.get("links", {}), "links")


def check_redirect(redirect: Any) -> None:
    if not isinstance(redirect, dict) or not all(isinstance(redirect.get(name), str) for name in ("path", "destination")):
        raise Refused("redirects has an element without path or destination")
    if redirect.get("type") not in {"exact", "prefix"}:
        raise Refused("redirects has an element whose type is neither exact nor prefix")


def check_links(links: Any, place: str) -> None:
    """Links are arrays, by kind, of content ids or of objects, which may have links again."""
    if not isinstance(links, dict):
        raise Refused(f"{place} is not an object")
    for kind, targets in links.items():
        if not isinstance(targets, list):
            raise Refused(f"{place}.{kind} is not an array")
        for at, target in enumerate(targets):
            if isinstance(target, dict):
                check_links(target.get("links", {}), f"{place}.{kind}[{at}].links")
            elif not is_uuid(target):
                raise Refused(f"{place}.{kind}[{at}] is neither an object nor a content id")


def pair(content: JSON) -> Pair:
    content_id = content["content_id"]
    key = uuid.UUID(content_id) if content_id is not None else uuid.uuid5(NAMESPACE, content["base_path"])
    return Pair(str(key), content.get("locale") or "en")


def is_uuid(value: Any) -> bool:
    """Whether it is a UUID as RFC 9562 writes it."""
    return isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None


def timestamp(value: Any) -> Timestamp | None:
    """None for what is no RFC 3339 time."""
    result = Timestamp()
    try:
        result.FromJsonString(value)
    except (TypeError, ValueError):
        return None
    return result


def instant(value: Any) -> datetime:
    """The time, or before all others where there is none."""
    parsed = timestamp(value)
    return parsed.ToDatetime(UTC) if parsed else datetime.min.replace(tzinfo=UTC)
