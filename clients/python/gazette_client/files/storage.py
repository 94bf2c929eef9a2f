"""Bytes that go straight to the object storage, at the addresses that the server has signed. These functions block."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import grpc

from gazette.files.v1.upload_pb2 import UploadForm, UploadPart
from gazette_client.errors import GazetteError, failure
from gazette_client.files.sources import Outgoing

SILENCE = 60.0
"""Seconds that the storage may say and take nothing."""
UNREACHABLE = "OBJECT_STORAGE_UNREACHABLE"
"""The object storage takes nothing from here, at present or at all."""
SAID = 500
"""Bytes of a refusal that are told."""


def post(form: UploadForm, outgoing: Outgoing) -> None:
    """Sends the file as a form (multipart/form-data, RFC 7578). The storage compares it with what was signed."""
    boundary = secrets.token_hex(16)
    head = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field.name}"\r\n\r\n{field.value}\r\n'.encode()
        for field in form.fields
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'.encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        yield from chunks(outgoing, 0, outgoing.size)
        yield tail

    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    send("POST", form.url, body(), len(head) + outgoing.size + len(tail), headers)


def put(part: UploadPart, outgoing: Outgoing, begin: int) -> str:
    """Sends a part, which begins there. The ETag that the storage gives it."""
    answer = send("PUT", part.url, chunks(outgoing, begin, begin + part.size_bytes), part.size_bytes, {})
    return str(answer.headers.get("etag", ""))


def chunks(outgoing: Outgoing, begin: int, end: int) -> Iterator[bytes]:
    while chunk := outgoing.read(begin, end - begin):
        yield chunk
        begin += len(chunk)
        outgoing.tell(begin)


def send(method: str, url: str, body: Iterator[bytes], length: int, headers: dict[str, str]) -> Any:
    """Raises Unavailable UNREACHABLE for what may pass, and FailedPrecondition for what the storage refuses."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise unreachable(f"{url} is no address of HTTP")
    request = Request(url, data=body, headers={**headers, "content-length": str(length)}, method=method)  # noqa: S310 - looked at
    try:
        with urlopen(request, timeout=SILENCE) as answer:  # noqa: S310  # nosec B310
            answer.read()
            return answer
    except HTTPError as error:
        said = error.read(SAID).decode(errors="replace")
        if error.code >= 500:
            raise unreachable(f"the object storage answers {error.code}") from None
        raise failure(
            grpc.StatusCode.FAILED_PRECONDITION, "OBJECT_STORAGE_REFUSED", f"The object storage answers {error.code}: {said}"
        ) from None
    except (OSError, HTTPException) as error:
        raise unreachable(f"the object storage at {urlsplit(url).netloc} cannot be reached: {error}") from None


def unreachable(message: str) -> GazetteError:
    return failure(grpc.StatusCode.UNAVAILABLE, UNREACHABLE, message)
