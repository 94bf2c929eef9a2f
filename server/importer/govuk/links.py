"""Links: the documents that their targets are, and what a target says beyond its document.

GOV.UK embeds the targets of links in the items that link to them, in several versions, with links of their own inside. Each
becomes one document; where another version of it says something else, that stays beside the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gazette.content.v1.document_pb2 import Document
from server.importer.govuk.items import Item, Pair, is_uuid, pair
from server.importer.govuk.markup import token
from server.importer.sources import JSON, leaves
from server.rpc.requests.validation import validator

Links = Mapping[str, Sequence[Any]]
"""The targets, by kind of link: objects, or content ids alone."""

TRANSLATIONS = "available_translations"
"""The kind of link that a shared translation key says already."""
SITE = "https://www.gov.uk"


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that becomes a document."""

    said: dict[Pair, JSON] = field(default_factory=dict)
    """What a document says, in the source's words: the newest revision, and what follows from it."""
    held: dict[tuple[str, str], Pair] = field(default_factory=dict)
    """Whose a path is in a locale, now or formerly."""

    def add(self, item: Item) -> None:
        self.said[item.pair] = {**derived(item.content), **item.content}
        self.held.setdefault((item.path, item.pair.locale), item.pair)

    def document(self, target: Any) -> Pair | None:
        """The document that a target stands for: its own, or else the one that is read at its path."""
        if not isinstance(target, dict):
            return None
        own = pair(target) if is_uuid(target.get("content_id")) else None
        if own in self.said:
            return own
        path, locale = target.get("base_path"), target.get("locale") or "en"
        return self.held.get((path, locale)) if isinstance(path, str) else None

    def keys(self, targets: Iterable[Any]) -> list[str]:
        """The translation keys of the targets, each once: of those too that have no document, or none yet."""
        return list(dict.fromkeys(key for key in map(self.key, targets) if key))

    def key(self, target: Any) -> str:
        document = self.document(target)
        if document is not None:
            return document.key
        content_id = target.get("content_id") if isinstance(target, dict) else target
        return str(content_id).lower() if is_uuid(content_id) else ""

    def beyond(self, links: Links, said: Links | None = None, place: str = "") -> JSON:
        """What targets say that their documents do not, by JSON Pointer into `links`, inner links included.

        Which targets there are is kept too, where `said`, by default the links themselves, does not say just that. Flat, since
        targets are embedded in targets deeper than details may be nested.
        """
        said = links if said is None else said
        result: JSON = {}
        for kind, targets in links.items():
            is_new = kind != TRANSLATIONS and self.keys(targets) != self.keys(said.get(kind, ()))
            for at, target in enumerate(targets):
                pointer = f"{place}/{token(kind)}/{at}"
                content = target if isinstance(target, dict) else {"content_id": target}
                document = self.document(content)
                document_says = self.said[document] if document else {}
                rest = unsaid(content, document_says)
                if (rest and isinstance(target, dict)) or is_new:
                    result[pointer] = {**identity(content), **rest}
                result |= self.beyond(content.get("links", {}), document_says.get("links", {}), f"{pointer}/links")
        return result


def known(files: Iterable[Item]) -> tuple[Known, list[Item]]:
    """What becomes a document, and the items among them that are only embedded. A file's own item comes before an embedded one
    of the same pair, and its path is its own: an embedded item of another pair cannot be read there too."""
    files = list(files)
    result = Known()
    for item in files:
        result.add(item)
    versions: dict[Pair, list[Item]] = {}
    for item in files:
        for version in embedded(item.content, f"{item.source}#" if "#" not in item.source else item.source):
            if version.pair not in result.said:
                versions.setdefault(version.pair, []).append(version)
    chosen = []
    for own, candidates in versions.items():
        free = [item for item in candidates if result.held.get((item.path, own.locale), own) == own]
        if free:
            chosen.append(max(free, key=lambda item: sum(1 for _ in leaves(item.content))))
            result.add(chosen[-1])
    return result, chosen


def embedded(content: JSON, place: str) -> Iterator[Item]:
    """The targets in an item's links, and in theirs, that are there in full."""
    for kind, targets in content.get("links", {}).items():
        for at, target in enumerate(targets):
            if isinstance(target, dict):
                inside = f"{place}/links/{kind}/{at}"
                if is_in_full(target):
                    yield Item(inside, target, is_embedded=True)
                yield from embedded(target, inside)


def is_in_full(target: JSON) -> bool:
    """Whether a target says enough to be a document: what it is, where it is read, and a title."""
    words = {name: target.get(name) for name in ("base_path", "title", "locale")}
    if not (is_uuid(target.get("content_id")) and all(isinstance(word, str) and word for word in words.values())):
        return False
    document = Document(path=str(words["base_path"]), locale=str(words["locale"]))
    return isinstance(target.get("details", {}), dict) and not validator.collect_violations(document)


def derived(content: JSON) -> JSON:
    """What the content API says of an item that follows from the rest."""
    path = content.get("base_path")
    return {
        "api_path": f"/api/content{path}",
        "api_url": f"{SITE}/api/content{path}",
        "web_url": f"{SITE}{path}",
        "withdrawn": bool(content.get("withdrawn_notice")),
    }


def unsaid(target: JSON, said: JSON) -> JSON:
    """The members of a target, but for its links, that are not said already."""
    return {member: value for member, value in target.items() if member != "links" and not is_said(said, member, value)}


def is_said(said: JSON, member: str, value: Any) -> bool:
    # True == 1, and 1 == 1.0, which is one number in JSON.
    return member in said and said[member] == value and isinstance(said[member], bool) == isinstance(value, bool)


def identity(target: JSON) -> JSON:
    return {name: target[name] for name in ("content_id", "locale") if name in target}
