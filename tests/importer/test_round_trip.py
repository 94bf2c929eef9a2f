"""Nothing of a source is lost: what was read can be found again in what is sent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import LiveState
from tests.importer.sources import both, details, read

TIMES = ("first_published_at", "public_updated_at", "withdrawn_at")
IMPLIED = {"api_path": "/api/content{}", "api_url": "https://www.gov.uk/api/content{}", "web_url": "https://www.gov.uk{}"}
"""What the content API derives from a document's path."""

Leaf = tuple[str, Any]


@both
def test_every_item_can_be_restored(folder: Path) -> None:
    """But for its links, a file's item is there again, member by member."""
    made = defaultdict(list)
    for each in read(folder).conversion.documents:
        if not each.only_if_absent:
            made[each.source.partition("#")[0]].append(each)
    for file in files(folder):
        given = json.loads(file.read_text())
        first, *others = sorted(made[file.relative_to(folder / "examples").as_posix()], key=lambda each: each.source)
        restored = restored_item(first)
        restored.setdefault("redirects", []).extend(restored_item(other)["redirects"][0] for other in others)
        assert normal(restored) == normal(given), file


@both
def test_every_leaf_of_links_can_be_found(folder: Path) -> None:
    """What a target says is in the document that embeds it, or in the target's own: that of its id, or the one at its path."""
    documents: defaultdict[tuple[str | None, str], list[ImportedDocument]] = defaultdict(list)
    for each in read(folder).conversion.documents:
        for name in (each.document.translation_key, each.document.path):
            documents[name, each.document.locale].append(each)
    by_source = {each.source: each for versions in documents.values() for each in versions}
    for file in files(folder):
        given = json.loads(file.read_text())
        own = said(by_source[file.relative_to(folder / "examples").as_posix()])
        for target in targets(given["links"]):
            path, locale = target.get("base_path"), target["locale"]
            theirs = own.union(*map(said, documents[target["content_id"], locale] or documents[path, locale]))
            implied = {(name, form.format(path)) for name, form in IMPLIED.items()}
            missing = {*leaves({name: value for name, value in target.items() if name != "links"})} - theirs - implied
            assert not missing, (file, target["content_id"])


def files(folder: Path) -> list[Path]:
    return sorted((folder / "examples").rglob("*.json"))


def targets(links: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in links.values():
        for target in kind:
            if isinstance(target, dict):
                yield target
                yield from targets(target.get("links", {}))


def restored_item(made: ImportedDocument) -> dict[str, Any]:
    """The content item that a document was, without its links."""
    document, rest = made.document, details(made)
    left: dict[str, Any] = rest.pop("govuk", {})
    left.pop("links", None)
    state = made.live_state
    item: dict[str, Any] = {
        "content_id": document.translation_key,
        "locale": document.locale,
        "document_type": document.content_type,
        "base_path": document.path,
        "title": document.title,
        "details": rest,
    }
    item |= {"description": document.summary} if document.summary else {}
    rest |= {"body": document.body} if document.body else {}
    for field, member in (
        ("claimed_first_publish_time", "first_published_at"),
        ("claimed_public_update_time", "public_updated_at"),
    ):
        claimed = getattr(made, field)
        item |= {member: claimed.ToJsonString()} if claimed.ByteSize() else {}
    if state == LiveState.LIVE_STATE_WITHDRAWN:
        item["withdrawn_notice"] = {"explanation": made.explanation, "withdrawn_at": made.withdraw_time.ToJsonString()}
    elif state == LiveState.LIVE_STATE_GONE:
        rest |= {"explanation": made.explanation, "alternative_path": made.location}
    elif state == LiveState.LIVE_STATE_REDIRECTED:
        redirect = {
            "path": document.path,
            "destination": made.location,
            "type": "prefix" if made.covers_prefix else "exact",
            "segments_mode": "preserve" if made.preserves_suffix else "ignore",
        }
        item["redirects"] = [redirect | next(iter(left.pop("redirects", [])), {})]
    return item | left


def normal(item: dict[str, Any]) -> dict[str, Any]:
    """With times as instants, the default of a redirect, and without what is empty and so says nothing."""
    result = {name: moment(value) if name in TIMES else value for name, value in item.items() if name != "links"}
    if result.get("description") == "":
        del result["description"]
    notice = result.pop("withdrawn_notice", None) or {}
    if notice:
        result["withdrawn_notice"] = {name: moment(value) if name in TIMES else value for name, value in notice.items()}
    redirects = [{"segments_mode": "ignore", **redirect} for redirect in result.pop("redirects", [])]
    return {**result, "redirects": sorted(redirects, key=lambda redirect: str(redirect["path"]))}


def moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if value else value


def said(made: ImportedDocument) -> set[Leaf]:
    """Every leaf that a document says, in the words of the content API."""
    item = {"description": ""} | restored_item(made) | {"links": details(made).get("govuk", {}).get("links", {})}
    links = {("content_id", key) for targets in made.document.links.values() for key in targets.translation_keys}
    withdrawn = ("withdrawn", f"bool {made.live_state == LiveState.LIVE_STATE_WITHDRAWN}")
    implied = {(name, form.format(made.document.path)) for name, form in IMPLIED.items()}
    return {*leaves(item), *links, *implied, withdrawn}


def leaves(value: Any, name: str = "") -> Iterator[Leaf]:
    """Member and value of everything that is no container; an empty one says nothing."""
    if isinstance(value, dict):
        for member, each in value.items():
            yield from leaves(each, member)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, name)
    elif isinstance(value, bool):
        yield name, f"bool {value}"
    else:
        yield name, moment(value) if name in TIMES else value
