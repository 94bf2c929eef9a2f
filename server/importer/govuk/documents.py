"""GOV.UK content items to documents. Pure.

What a field of the document says exactly leaves the item; the remainder goes into `details.govuk`, so that nothing of the
source is lost. Times count as said when they are the same instant.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from google.protobuf.timestamp_pb2 import Timestamp

from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import BodyFormat, LiveState
from gazette.delivery.v1.page_pb2 import ChangeNote
from server.importer.govuk.items import GONE, REDIRECT, Item, timestamp
from server.importer.govuk.links import TRANSLATIONS, Known, derived
from server.importer.sources import JSON, Refused, depth
from server.rpc.requests.validation import MAX_NESTING

REMAINDER = "govuk"
"""The member of `details` that holds what no field of the document says."""
EMBEDDED = "embedded"
"""The member of the remainder that marks what is known from links alone: its details are not complete."""
LONGEST_NOTE, MOST_NOTES, MOST_OF_NOTES = 1000, 100, 60 << 10
"""Characters of a note, how many of them, and bytes of all: as much as an import takes."""
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def imported(item: Item, known: Known) -> ImportedDocument:
    """The document that an item is. Raises Refused."""
    rest = dict(item.content)
    details = dict(rest.pop("details", {}))
    message = ImportedDocument(source=item.source, live_state=LiveState.LIVE_STATE_PUBLISHED, only_if_absent=item.is_embedded)
    name(message, item, rest)
    claim(message.claimed_first_publish_time, rest, "first_published_at")
    claim(message.claimed_public_update_time, rest, "public_updated_at")
    tell(message, details)
    make_live(message, item, rest, details)
    link(message, rest, known)
    write_body(message, rest, details)
    if item.is_embedded:
        for member, value in derived(item.content).items():
            settle(rest, member, value)
        rest[EMBEDDED] = True
    if rest:
        details[REMAINDER] = rest
    if depth(details) > MAX_NESTING:
        raise Refused(f"details are nested more than {MAX_NESTING} deep")
    message.document.details.update(details)
    return message


def settle(rest: JSON, member: str, value: Any) -> None:
    """Takes a member out of the remainder if a field says exactly that."""
    if member in rest and rest[member] == value:
        del rest[member]


def name(message: ImportedDocument, item: Item, rest: JSON) -> None:
    """What it is, where, and what it is called. What is no page has no title, and gets its path for one."""
    document = message.document
    document.translation_key, document.locale = item.pair
    document.content_type = item.content_type
    document.path = item.path
    document.title = rest.get("title") or item.path
    document.summary = rendition(rest.get("description"))
    settle(rest, "content_id", document.translation_key)
    settle(rest, "locale", document.locale)
    settle(rest, "document_type", document.content_type)
    settle(rest, "base_path", document.path)
    settle(rest, "title", document.title)
    settle(rest, "description", document.summary)


def claim(field: Timestamp, rest: JSON, member: str) -> None:
    parsed = timestamp(rest.get(member))
    if parsed is not None:
        field.CopyFrom(parsed)
        del rest[member]


def tell(message: ImportedDocument, details: JSON) -> None:
    """What readers were told of its changes, newest first, as much of it as an import takes. It stays in the details, too,
    where its content type's schema may ask for it."""
    given = details.get("change_history")
    said = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    times = [(timestamp(each.get("public_timestamp")), each.get("note")) for each in said]
    notes = [ChangeNote(time=time, note=str(note)) for time, note in times if time is not None and is_note(note)]
    left = MOST_OF_NOTES
    for note in sorted(notes, key=lambda each: (each.time.seconds, each.time.nanos), reverse=True)[:MOST_NOTES]:
        left -= note.ByteSize()
        if left >= 0:
            message.change_history.append(note)


def is_note(note: Any) -> bool:
    return isinstance(note, str) and bool(note.strip()) and len(note) <= LONGEST_NOTE


def make_live(message: ImportedDocument, item: Item, rest: JSON, details: JSON) -> None:
    """What the public sees of it, and what belongs to that."""
    if item.document_type == REDIRECT and "redirects" in rest:
        redirect(message, rest)
    elif item.document_type == GONE:
        message.live_state = LiveState.LIVE_STATE_GONE
        message.explanation = taken(details, "explanation")
        message.location = taken(details, "alternative_path")
    elif rest.get("withdrawn_notice") or rest.get("withdrawn") is True:
        withdraw(message, rest)
    else:
        settle(rest, "withdrawn_notice", {})
        settle(rest, "withdrawn", value=False)


def redirect(message: ImportedDocument, rest: JSON) -> None:
    given = dict(rest.pop("redirects")[0])
    destination = given.pop("destination")
    message.live_state = LiveState.LIVE_STATE_REDIRECTED
    message.location = quote(destination, safe=PRINTABLE)
    message.covers_prefix = given.pop("type") == "prefix"
    mode = given.get("segments_mode", "preserve" if message.covers_prefix else "ignore")
    message.preserves_suffix = message.covers_prefix and mode == "preserve"
    settle(given, "path", message.document.path)
    settle(given, "segments_mode", "preserve" if message.preserves_suffix else "ignore")
    if message.location != destination:
        given["destination"] = destination
    if given:
        rest["redirects"] = [given]


def withdraw(message: ImportedDocument, rest: JSON) -> None:
    notice = dict(rest.pop("withdrawn_notice", None) or {})
    message.live_state = LiveState.LIVE_STATE_WITHDRAWN
    message.explanation = taken(notice, "explanation")
    claim(message.withdraw_time, notice, "withdrawn_at")
    settle(rest, "withdrawn", value=True)
    if notice:
        rest["withdrawn_notice"] = notice


def taken(source: JSON, member: str) -> str:
    """The string, taken out; nothing where there is none."""
    return str(source.pop(member)) if isinstance(source.get(member), str) else ""


def link(message: ImportedDocument, rest: JSON, known: Known) -> None:
    links = rest.pop("links", {})
    for kind, targets in links.items():
        if kind != TRANSLATIONS:
            message.document.links[kind].translation_keys.extend(known.keys(targets))
    beyond = known.beyond(links)
    if beyond:
        rest["links"] = beyond


def write_body(message: ImportedDocument, rest: JSON, details: JSON) -> None:
    """HTML, and no member of the details any more. Of several renditions all are kept in the remainder."""
    body = rendition(details.get("body"))
    if body:
        if not isinstance(details["body"], str):
            rest["body"] = details["body"]
        del details["body"]
    message.document.body = body
    message.document.body_format = BodyFormat.BODY_FORMAT_HTML


def rendition(value: Any) -> str:
    """A text that is given once, or in several renditions as `{content_type, content}`: the HTML, or else the first."""
    if isinstance(value, str):
        return value
    given = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    texts = [each["content"] for each in given if isinstance(each.get("content"), str)]
    html = [
        each["content"] for each in given if isinstance(each.get("content"), str) and each.get("content_type") == "text/html"
    ]
    return next(iter([*html, *texts]), "")
