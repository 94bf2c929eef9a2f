"""UploadFile and UploadFileContent: the ways in. What they have in common stands in `uploads.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gazette.files.v1 import file_service_pb2 as rpc
from gazette.files.v1.file_pb2 import FileUpload
from server.files import bodies, failures
from server.files.uploads import forms, rules
from server.files.uploads.uploads import Uploads
from server.rpc import http
from server.rpc.call import Call
from server.rpc.failures import Violation
from server.rpc.requests.settling import settled
from server.rpc.requests.validation import validate


@dataclass(frozen=True)
class Uploading:
    """What callers send: a stream of messages, or the body of an HTTP request."""

    uploads: Uploads

    async def UploadFile(self, request_iterator: AsyncIterator[rpc.UploadFileRequest], call: Call) -> rpc.UploadFileResponse:
        first = await anext(request_iterator, rpc.UploadFileRequest())
        if not first.HasField("upload"):
            raise failures.UploadFirst(Violation("upload", "is to come before the bytes"))
        file = await self.uploads.take(call, first.upload, bodies.chunks(request_iterator, "upload"), rules.STREAM_FIELDS)
        return rpc.UploadFileResponse(file=file)

    async def UploadFileContent(
        self, request_iterator: AsyncIterator[rpc.UploadFileContentRequest], call: Call
    ) -> rpc.UploadFileContentResponse:
        length = rules.declared_length(call.metadata.get("x-declared-length", ""))
        first = await anext(request_iterator, rpc.UploadFileContentRequest())
        pieces, fields = bodies.content(first, request_iterator), rules.BODY_FIELDS
        if forms.is_form(first.content.content_type):
            form = forms.Form(first.content.content_type, length, pieces)
            await form.begin()
            first, pieces, fields = described(first, form), form.file(), rules.FORM_FIELDS
        upload = FileUpload(
            organisation_id=first.organisation_id,
            name=first.name,
            alternative_text=first.alternative_text,
            size_bytes=length,
            sha256=first.sha256,
        )
        validate(upload)
        file = await self.uploads.take(call, upload, pieces, fields)
        http.created(call, f"/v1/files/{file.id}")
        return rpc.UploadFileContentResponse(file=file)


def described(first: rpc.UploadFileContentRequest, form: forms.Form) -> rpc.UploadFileContentRequest:
    """What the query and the form say of the file. Raises InvalidForm for what both say or neither, and InvalidArgument for
    what breaks the contract's rules."""
    query = {field.name: text for field, text in first.ListFields() if field.name != "content"}
    if twice := query.keys() & form.fields.keys():
        raise failures.InvalidForm(*(Violation(name, "comes twice, in the query and in the form") for name in sorted(twice)))
    said = rpc.UploadFileContentRequest(**{"name": form.file_name, **query, **form.fields})
    if not said.organisation_id:
        raise failures.InvalidForm(Violation("organisation_id", "is missing; send it before the file, or in the query"))
    if not said.name:
        raise failures.InvalidForm(Violation("name", "is missing, and the file has no filename: was one chosen?"))
    validate(settled(said))
    return said
