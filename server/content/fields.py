"""The fields of documents and content types: which an update may change, their etags, their defaults."""

from __future__ import annotations

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document
from server.content.failures import StaleEtag
from server.rpc.requests import masks

DEFAULT_LOCALE = "en"

DOCUMENT_WRITABLE = {"path", "title", "summary", "body", "body_format", "details", "links", "tags", "attachments"}
CONTENT_TYPE_WRITABLE = {"title", "details_schema", "body_member", "html_members", "publish_checks"}


def etag(version: int) -> str:
    return str(version)


def check_etag(given: str, version: int) -> None:
    if given != etag(version):
        raise StaleEtag(given, etag(version))


def document_fields(document: Document, mask: FieldMask) -> frozenset[str]:
    """The fields that an update of a document is to change. Raises InvalidUpdateMask, and InvalidArgument for what may not
    become empty."""
    return masks.fields("document", document, mask, DOCUMENT_WRITABLE, required={"path", "title"})


def content_type_fields(content_type: ContentType, mask: FieldMask) -> frozenset[str]:
    """The same for a content type."""
    return masks.fields("content_type", content_type, mask, CONTENT_TYPE_WRITABLE, required={"title"})
