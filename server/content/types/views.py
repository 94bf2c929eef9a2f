"""Content types as the contract's messages."""

from __future__ import annotations

from gazette.content.v1.content_type_change_pb2 import ContentTypeVersion
from gazette.content.v1.content_type_member_pb2 import MemberMove, MemberPermission
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.publish_check_pb2 import PublishCheckSetting
from server.content import fields
from server.content.types import policies
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def content_type(row: AnyRow) -> ContentType:
    """With what its version moved."""
    return message(
        ContentType,
        row,
        etag=fields.etag(row.version),
        member_permissions=[MemberPermission(**each) for each in row.member_permissions or ()],
        moves=[
            MemberMove(source=each["source"], target=each["target"])
            for each in row.moves or ()
            if each["version"] == row.version
        ],
        review_policy=policies.policy(row),
        publish_checks=[PublishCheckSetting(**each) for each in row.publish_checks],
    )


def version(row: AnyRow) -> ContentTypeVersion:
    return message(ContentTypeVersion, content_type=content_type(row), author_id=row.author_id, create_time=row.version_time)
