"""Uploads as the contract's messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gazette.files.v1.upload_pb2 import Upload, UploadForm, UploadFormField, UploadPart
from server.files import views
from server.files.resumable import rules
from server.files.stages import Stage, Way
from server.rpc.messages import message
from server.stores.blobs import ObjectStorage


def shown(row: Any, file: Any, storage: ObjectStorage) -> Upload:
    """`row` is that of the upload, `file` its file's. Where to send to the object storage is signed anew."""
    upload = message(
        Upload,
        row,
        file=views.shown(file, replacement=row if row.is_replacement else None),
        offset=row.received_bytes if row.way == Way.RESUMABLE else 0,
        parts=(),
    )
    if row.stage == Stage.RECEIVING and row.way in {Way.FORM, Way.PARTS}:
        lifetime = row.expire_time - datetime.now(UTC)
        key = incoming(row)
        if row.way == Way.FORM:
            content_type = row.found.get("content_type", "")
            form = storage.presigned_form(
                key, size=row.size_bytes, content_type=content_type, sha256=row.sha256, lifetime=lifetime
            )
            fields = [UploadFormField(name=name, value=value) for name, value in form.fields.items()]
            upload.form.CopyFrom(UploadForm(url=form.url, fields=fields))
        else:
            plan = rules.plan(row.size_bytes)
            for number in plan.numbers():
                size = plan.length(number)
                url = storage.presigned_part(key, row.storage_upload, number, size=size, lifetime=lifetime)
                upload.parts.append(UploadPart(number=number, url=url, size_bytes=size))
    return upload


def incoming(row: Any) -> str:
    """Where others put its bytes."""
    return f"incoming/{row.id}"
