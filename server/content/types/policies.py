"""Whose word documents of a content type need, as columns and as the contract's message, and what that asks of who gives it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.review_pb2 import Approver, ReviewPolicy

DEFAULT_APPROVALS = 1
FIELD = "review_policy"
COLUMNS = ("required_approvals", "approver")
PERMISSIONS = {
    Approver.APPROVER_REVIEWER: Permission.PERMISSION_DOCUMENTS_REVIEW,
    Approver.APPROVER_PUBLISHER: Permission.PERMISSION_DOCUMENTS_PUBLISH,
    Approver.APPROVER_ADMIN: Permission.PERMISSION_DOCUMENTS_VANISH,
}
"""What an approver must hold."""


def columns(policy: ReviewPolicy) -> dict[str, int]:
    required = policy.required_approvals if policy.HasField("required_approvals") else DEFAULT_APPROVALS
    return {"required_approvals": required, "approver": policy.approver or Approver.APPROVER_REVIEWER}


def policy(row: Any) -> ReviewPolicy:
    return ReviewPolicy(required_approvals=row.required_approvals, approver=row.approver)


def columns_named(fields: Collection[str]) -> list[str]:
    """The columns of a content type that an update of these fields changes."""
    named = [name for name in fields if name != FIELD]
    return [*named, *COLUMNS] if FIELD in fields else named
