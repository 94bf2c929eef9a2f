"""The fields of documents and content types: which an update may change, their etags, their defaults."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document
from server.content.failures import StaleEtag
from server.rpc.requests import masks

DEFAULT_LOCALE = "en"

DOCUMENT_WRITABLE = {"path", "title", "summary", "body", "body_format", "details", "links", "tags", "attachments"}
CONTENT_TYPE_WRITABLE = {
    "title", "details_schema", "body_member", "html_members", "member_permissions", "moves", "review_policy", "publish_checks",
}  # fmt: skip


def etag(version: int) -> str:
    return str(version)


def document_etag(document: Any) -> str:
    """The same of a document. Where its content type has moved members since it was saved, it says something else than before,
    though nobody has saved it."""
    moved_version = getattr(document, "moved_version", None)
    return f"{etag(document.version)}.{moved_version}" if moved_version else etag(document.version)


def check_etag(given: str, version: int) -> None:
    if given != etag(version):
        raise StaleEtag(given, etag(version))


def check_document_etag(given: str, document: Any) -> None:
    if given != document_etag(document):
        raise StaleEtag(given, document_etag(document), document.id)


def document_fields(document: Document, mask: FieldMask) -> frozenset[str]:
    """The fields that an update of a document is to change. Raises InvalidUpdateMask, and InvalidArgument for what may not
    become empty."""
    return masks.fields("document", document, mask, DOCUMENT_WRITABLE, required={"path", "title"})


def content_type_fields(content_type: ContentType, mask: FieldMask) -> frozenset[str]:
    """The same for a content type."""
    return masks.fields("content_type", content_type, mask, CONTENT_TYPE_WRITABLE, required={"title"})
