"""The ways in and out, each as a client does it that spends little itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import grpc
import httpx
from google.api.httpbody_pb2 import HttpBody

from bench.files.office import MIB, Chunks, Office
from gazette.files.v1 import file_service_pb2 as rpc
from gazette.files.v1 import upload_pb2 as uploads
from gazette.files.v1.file_pb2 import File, FileState
from gazette.files.v1.serving_pb2 import CreateDownloadUrlRequest

PATIENCE, PAUSE = 600.0, 0.02
FILES = "/gazette.files.v1.FileService/"


class Sent(NamedTuple):
    """What is in the object storage, and is to be completed."""

    id: str
    parts: Sequence[uploads.UploadPart] = ()


def bare_put(channel: grpc.Channel, chunks: Chunks) -> None:
    call: Any = channel.stream_unary("/bench.Cat/Put")
    call(iter(chunks), timeout=PATIENCE)


def bare_get(channel: grpc.Channel) -> int:
    call: Any = channel.unary_stream("/bench.Cat/Get")
    return sum(map(len, call(b"", timeout=PATIENCE)))


def upload_file(office: Office, chunks: Chunks, pause: float = 0.0) -> File:
    """UploadFile, with so many seconds before each chunk. What is measured is the server, so messages are made as bytes are
    sent, and nothing is checked."""

    def requests() -> Iterator[bytes]:
        yield rpc.UploadFileRequest(upload=office.upload(chunks)).SerializeToString()
        for chunk in chunks:
            if pause:
                time.sleep(pause)
            yield rpc.UploadFileRequest(chunk=chunk).SerializeToString()

    call: Any = office.channel.stream_unary(f"{FILES}UploadFile", response_deserializer=rpc.UploadFileResponse.FromString)
    return ready(office, call(requests(), metadata=office.metadata, timeout=PATIENCE).file)


def upload_content(office: Office, chunks: Chunks) -> None:
    """UploadFileContent, through Envoy."""
    query = urlencode({"organisationId": office.organisation_id, "name": "fees.csv"})
    size = sum(map(len, chunks))
    office.http("POST", f"/v1/files:upload?{query}", iter(chunks), size, **{"content-type": "text/csv"})


def append(office: Office, chunks: Chunks) -> File:
    """CreateUpload and AppendUpload, in one piece."""
    way = uploads.UploadWay.UPLOAD_WAY_RESUMABLE
    upload = begun(office, chunks, way)

    def requests() -> Iterator[bytes]:
        for number, chunk in enumerate(chunks):
            id = "" if number else upload.id
            yield uploads.AppendUploadRequest(content=HttpBody(data=chunk), id=id).SerializeToString()

    call: Any = office.channel.stream_unary(
        f"{FILES}AppendUpload", response_deserializer=uploads.AppendUploadResponse.FromString
    )
    return ready(office, call(requests(), metadata=office.metadata, timeout=PATIENCE).upload.file)


def append_over_http(office: Office, chunks: Chunks) -> None:
    """The same through Envoy, as clients of tus do."""
    upload = begun(office, chunks, uploads.UploadWay.UPLOAD_WAY_RESUMABLE)
    headers = {"content-type": "application/offset+octet-stream", "upload-offset": "0", "tus-resumable": "1.0.0"}
    office.http("PATCH", f"/v1/uploads/{upload.id}", iter(chunks), sum(map(len, chunks)), **headers)


def form(office: Office, chunks: Chunks) -> Sent:
    """Straight to the object storage by a form."""
    upload = begun(office, chunks, uploads.UploadWay.UPLOAD_WAY_FORM)
    fields = {field.name: field.value for field in upload.form.fields}
    httpx.post(upload.form.url, data=fields, files={"file": b"".join(chunks)}, timeout=PATIENCE).raise_for_status()
    return Sent(upload.id)


def parts(office: Office, chunks: Chunks) -> Sent:
    """Straight to the object storage in parts."""
    upload = begun(office, chunks, uploads.UploadWay.UPLOAD_WAY_PARTS)
    content, at, done = memoryview(b"".join(chunks)), 0, []
    with httpx.Client(timeout=PATIENCE) as client:
        for part in upload.parts:
            answer = client.put(part.url, content=bytes(content[at : at + part.size_bytes])).raise_for_status()
            at += part.size_bytes
            done.append(uploads.UploadPart(number=part.number, etag=answer.headers["etag"], size_bytes=part.size_bytes))
    return Sent(upload.id, done)


def begun(office: Office, chunks: Chunks, way: uploads.UploadWay.ValueType) -> uploads.Upload:
    request = uploads.CreateUploadRequest(upload=office.upload(chunks), way=way)
    return office.stub.CreateUpload(request, metadata=office.metadata).upload


def completed(office: Office, sent: Sent) -> File:
    """CompleteUpload, until the file is READY."""
    request = uploads.CompleteUploadRequest(id=sent.id, parts=sent.parts)
    return ready(office, office.stub.CompleteUpload(request, metadata=office.metadata, timeout=PATIENCE).file)


def download(office: Office, id: str) -> int:
    """DownloadFile; the messages' bytes are counted without being looked at, which leaves a few too many."""
    call: Any = office.channel.unary_stream(f"{FILES}DownloadFile", rpc.DownloadFileRequest.SerializeToString)
    request = rpc.DownloadFileRequest(id=id)
    return sum(map(len, call(request, metadata=office.metadata, timeout=PATIENCE)))


def download_over_http(office: Office, id: str) -> int:
    return office.http("GET", f"/v1/files/{id}:download")


def download_by_address(office: Office, id: str) -> int:
    """From where CreateDownloadUrl says."""
    request = CreateDownloadUrlRequest(id=id)
    url = office.stub.CreateDownloadUrl(request, metadata=office.metadata).url
    if not urlsplit(url).netloc:
        return office.http("GET", url)
    size = 0
    with httpx.stream("GET", url, timeout=PATIENCE) as answer:
        for piece in answer.raise_for_status().iter_bytes(MIB):
            size += len(piece)
    return size


def ready(office: Office, file: File) -> File:
    """Once it is: what is large is examined after the answer."""
    while file.state in {FileState.FILE_STATE_SCANNING, FileState.FILE_STATE_PENDING}:
        time.sleep(PAUSE)
        with suppress(grpc.RpcError):  # of a connection that was let go meanwhile
            file = office.stub.GetFile(rpc.GetFileRequest(id=file.id), metadata=office.metadata).file
    assert file.state == FileState.FILE_STATE_READY, file
    return file
