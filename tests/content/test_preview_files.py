"""The files of a page that is previewed, which are not public yet."""

from __future__ import annotations

import uuid
from typing import Any

from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.content.desk import Desk
from tests.content.revising import preview_link, previewed, revoke, upload
from tests.files.uploading import PDF
from tests.refusals import refused


async def test_its_files_are_read_with_it(desk: Desk) -> None:
    """A file that the previewed revision has is downloaded with the token while that shows the page, and by nobody else without
    an account; another file is not, nor is it with a token that has ended (C34)."""
    file, other = await upload(desk), await upload(desk)
    document = await desk.create(attachments=[file.id])
    made = await preview_link(desk, document)
    assert await downloaded(desk, file.id, made.token) == PDF
    for id, token in ((file.id, ""), (file.id, made.token[:-2] + "AA"), (other.id, made.token)):
        assert (await refused(downloaded(desk, id, token))).reason == "FILE_NOT_FOUND"
    stranger = await Desk.opened(desk.service)
    theirs = await stranger.create(attachments=[file.id])  # anybody can name a file of which they know the id
    assert (await refused(downloaded(desk, file.id, (await preview_link(stranger, theirs)).token))).reason == "FILE_NOT_FOUND"
    await revoke(desk, made)
    assert (await refused(downloaded(desk, file.id, made.token))).reason == "FILE_NOT_FOUND"


async def test_so_are_those_that_its_body_names(desk: Desk) -> None:
    """A file that the body names by its id is read with the token, too; and where there is none, there is no preview, as there
    would be no publication (C34)."""
    file, other = await upload(desk), await upload(desk)
    made = await preview_link(desk, await desk.create(body=f"[The form](file:{file.id})"))
    assert f'href="/v1/files/{file.id}:download"' in (await previewed(desk, made)).html
    assert await downloaded(desk, file.id, made.token) == PDF
    assert (await refused(downloaded(desk, other.id, made.token))).reason == "FILE_NOT_FOUND"
    made = await preview_link(desk, await desk.create(body=f"[The form](file:{uuid.uuid4()})"))
    assert (await refused(previewed(desk, made))).reason == "ATTACHMENT_NOT_FOUND"


async def downloaded(desk: Desk, id: str, token: str) -> bytes:
    stub: Any = FileServiceStub(desk.service.channel)
    request = DownloadFileRequest(id=id, preview_token=token)
    return b"".join([part.data async for part in stub.DownloadFile(request)])
