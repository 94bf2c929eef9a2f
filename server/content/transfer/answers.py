"""Whether bytes that are to be restored as a page are one that this server would serve of the document that comes with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from google.protobuf.message import DecodeError

from gazette.content.v1.document_import_pb2 import ImportedDocument
from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Page
from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from server import delivery, record
from server.content.publishing.pages import KINDS
from server.content.publishing.publication import PAGE_STATES
from server.content.transfer.failures import InvalidAnswer
from server.rpc.answers import MOST
from server.rpc.messages import moment
from server.rpc.texts import forms
from server.rpc.texts.characters import Unfit

PATH = re.compile(r"/|(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")
OF_DOCUMENT = ("content_type", "translation_key", "path", "organisation_id")
IN_FORM = {"locale": forms.language, "title": forms.line, "summary": forms.paragraphs}
"""What a document says in a form that pages may be older than: those are served as they were published."""
REFRESHED = RecordEntryKind.RECORD_ENTRY_KIND_REFRESHED
OF_LIVE = ("publish_time", "first_publish_time", "public_update_time", "record_number")


def check(imported: ImportedDocument, body: RecordEntryBody, answer: bytes) -> GetPageResponse:
    """What the document's path is to serve: the very bytes that the entry of the record was made of, which say what the
    document says. Whether its HTML is sanitised is not looked at. Raises InvalidAnswer."""
    document = imported.document
    told = (document.id, document.organisation_id, document.live.revision_number, document.path, document.locale)
    if told != (body.document_id, body.organisation_id, body.revision_number, body.path, record.locale_of(body)):
        raise InvalidAnswer("is of another document, revision or path than this one")
    is_refreshed = body.kind == REFRESHED and imported.live_state in PAGE_STATES
    if (KINDS[imported.live_state] != body.kind and not is_refreshed) or body.number != document.live.record_number:
        raise InvalidAnswer("is of another live_state or number than the document's")
    publish_time = document.live.publish_time
    is_later = is_refreshed and moment(body.record_time) > moment(publish_time)
    if body.record_time != publish_time and not is_later:
        raise InvalidAnswer("is of another time than the document's publish_time")
    response = parsed(body, answer)
    said = response.WhichOneof("answer")
    if imported.live_state in PAGE_STATES:
        if said != "page":
            raise InvalidAnswer("serves no page")
        check_page(response.page, imported)
    elif said != ("redirect" if imported.live_state == LiveState.LIVE_STATE_REDIRECTED else "gone"):
        raise InvalidAnswer("serves something else than the document's live_state says")
    check_place(body, response)
    return response


def check_redirect(body: RecordEntryBody, answer: bytes) -> None:
    """The same for a former path, which leads to where its document is. Raises InvalidAnswer."""
    response = parsed(body, answer)
    if body.kind != RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED or response.WhichOneof("answer") != "redirect":
        raise InvalidAnswer("serves a page without a document")
    check_place(body, response)


def parsed(body: RecordEntryBody, answer: bytes) -> GetPageResponse:
    if hashlib.sha256(answer).digest() != body.answer_sha256:
        raise InvalidAnswer(f"has the SHA-256 of other bytes than those that came for {body.path}")
    if len(answer) > MOST:
        raise InvalidAnswer(f"serves {len(answer)} bytes, and may serve {MOST}")
    try:
        return GetPageResponse.FromString(answer)
    except DecodeError:
        raise InvalidAnswer("serves no GetPageResponse") from None


def check_page(page: Page, imported: ImportedDocument) -> None:
    document = imported.document
    wrong = [name for name in OF_DOCUMENT if getattr(page, name) != getattr(document, name)]
    wrong += [name for name, form in IN_FORM.items() if formed(form, getattr(page, name)) != getattr(document, name)]
    wrong += [name for name in OF_LIVE if getattr(page, name) != getattr(document.live, name)]
    if formed_tags(page.tags) != formed_tags(document.tags):
        wrong.append("tags")
    if any(note not in imported.change_history for note in page.change_history):
        wrong.append("change_history")
    if page.document_id != document.id:
        wrong.append("document_id")
    if page.state != PAGE_STATES[imported.live_state]:
        wrong.append("state")
    if [each.id for each in page.attachments] != [*document.attachments]:
        wrong.append("attachments")
    if wrong:
        raise InvalidAnswer(f"serves another {', '.join(wrong)} than the document says")
    for kind, targets in page.links.items():
        if not all(PATH.fullmatch(target.path) for target in targets.pages):
            raise InvalidAnswer(f"serves a link of the kind {kind} that leads to no path")


def formed(form: forms.Form, said: str) -> str:
    """What was published, as a document says it by now; as it is where it has no such form."""
    try:
        return form(said)
    except Unfit:
        return said


def formed_tags(said: Iterable[str]) -> list[str]:
    """The same of tags: of those that are one word to readers the first."""
    found: dict[str, str] = {}
    for each in said:
        found.setdefault(forms.folded(formed(forms.tag, each)), formed(forms.tag, each))
    return [*found.values()]


def check_place(body: RecordEntryBody, response: GetPageResponse) -> None:
    """Where it leads, and that it says its own place in the record."""
    said = response.WhichOneof("answer") or ""
    if getattr(response, said).record_number != body.number:
        raise InvalidAnswer("serves another record_number than its own")
    where = {"redirect": response.redirect.location, "gone": response.gone.alternative_path}.get(said, "")
    if (where or said == "redirect") and delivery.location(where) != where:
        raise InvalidAnswer("leads to no path of this site and to no https URL")


def html_of(response: GetPageResponse) -> list[str]:
    """Everything of an answer that is HTML, but for the members of details."""
    return [response.page.html, response.page.withdrawal.explanation, response.gone.explanation]
