"""Content types as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.publish_check_pb2 import PublishCheckSetting
from server.content import fields
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def content_type(row: AnyRow) -> ContentType:
    settings = [PublishCheckSetting(**each) for each in row.publish_checks]
    return message(ContentType, row, etag=fields.etag(row.version), publish_checks=settings)
