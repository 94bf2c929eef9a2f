"""Content types as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.content_type_pb2 import ContentType
from server.content import fields
from server.content.types import policies
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def content_type(row: AnyRow) -> ContentType:
    return message(ContentType, row, etag=fields.etag(row.version), review_policy=policies.policy(row))
