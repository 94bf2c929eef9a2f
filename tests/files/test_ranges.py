"""Parts of files: by offset and limit, and by the Range header as Envoy hands it on."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.files.downloads import ranges
from server.files.downloads.ranges import Span
from server.files.failures import RangeNotSatisfiable
from tests.files.test_downloads import CHUNK_BYTES, OVER_HTTP, authored
from tests.files.uploading import png, send, upload_of
from tests.refusals import refused
from tests.service import Person, Service

CONTENT = png(2 * CHUNK_BYTES + 1000)
SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-99", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=900-", (900, 1000)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=-100", (900, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("Bytes= 5-9 ", (5, 10)),
    ],
)
def test_what_a_range_asks_for(header: str, part: tuple[int, int]) -> None:
    """From and to a byte, to the end, or the last ones, cut where the file ends (RFC 9110 section 14.1.2)."""
    assert ranges.asked(header, 1000) == Span(*part)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=9-5",
        "bytes=0-1,4-5",
        "bytes=a-b",
        "bytes=0x1-",
        "bytes=+1-",
        "bytes=1-2-3",
        "bytes=٣-",
        "bytes=" + "9" * 5000 + "-",
        "lines=0-5",
        "0-5",
    ],
)
def test_what_is_no_range_of_ours_is_answered_whole(header: str) -> None:
    """Several ranges, other units and nonsense are as no Range at all, which a server may always answer."""
    assert ranges.asked(header, 1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", f"bytes={'9' * 18}-"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    """Who asks for bytes that there are none of is told how many there are."""
    with pytest.raises(RangeNotSatisfiable) as raised:
        ranges.asked(header, 1000)

    assert dict(raised.value.headers()) == {"content-range": "bytes */1000"}


def test_nothing_is_no_part() -> None:
    """Of no bytes no range is satisfiable."""
    with pytest.raises(RangeNotSatisfiable):
        ranges.asked("bytes=0-", 0)


async def stored(service: Service) -> tuple[File, Person]:
    organisation_id, author = await authored(service)
    return (await send(service, author, upload_of(organisation_id, CONTENT), CONTENT)).file, author


async def part(service: Service, author: Person, *metadata: tuple[str, str], **asked: Any) -> tuple[dict[str, Any], bytes]:
    """The initial metadata and the bytes."""
    call = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(**asked), metadata=(*author.metadata, *metadata))
    content = b"".join([each.data async for each in call])
    return dict(await call.initial_metadata()), content


async def test_a_caller_goes_on_where_a_download_ended(service: Service) -> None:
    """Offset leaves out so many bytes, and limit ends after so many; to have all of them already is no error."""
    file, author = await stored(service)

    for offset, limit in [(0, 0), (1, 0), (CHUNK_BYTES, 0), (10, 5), (SIZE - 3, 100), (7, CHUNK_BYTES), (0, 1), (SIZE, 0)]:
        _, content = await part(service, author, id=file.id, offset=offset, limit=limit)
        assert content == CONTENT[offset:][: limit or None], (offset, limit)


async def test_a_part_says_its_type_too(service: Service) -> None:
    """The media type stands in the first message, also of an answer that has no byte."""
    file, author = await stored(service)

    for offset in (0, 1000, SIZE):
        request = DownloadFileRequest(id=file.id, offset=offset)
        answers = [each async for each in FileServiceStub(service.channel).DownloadFile(request, metadata=author.metadata)]
        assert [each.content_type for each in answers] == ["image/png"] + [""] * (len(answers) - 1)


async def test_an_offset_behind_the_end_is_refused(service: Service) -> None:
    """OUT_OF_RANGE, with the field and the file's size."""
    file, author = await stored(service)

    refusal = await refused(part(service, author, id=file.id, offset=SIZE + 1))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.OUT_OF_RANGE, "RANGE_NOT_SATISFIABLE")
    assert list(refusal.fields) == ["offset"]
    assert refusal.info.metadata["size_bytes"] == str(SIZE)


@pytest.mark.parametrize("asked", [{"offset": -1}, {"limit": -1}])
async def test_a_part_has_no_negative_bounds(service: Service, asked: dict[str, int]) -> None:
    """Neither may be below nought, whatever the file."""
    file, author = await stored(service)

    refusal = await refused(part(service, author, id=file.id, **asked))

    assert (refusal.code, list(refusal.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, list(asked))


async def test_a_range_is_answered_by_that_part(service: Service) -> None:
    """206, which bytes of how many they are, their own number as the length, and all that the whole says of itself."""
    file, author = await stored(service)

    whole, _ = await part(service, author, OVER_HTTP, id=file.id)
    given, content = await part(service, author, OVER_HTTP, ("range", "bytes=1000-300000"), id=file.id)

    assert content == CONTENT[1000:300001]
    assert (given["x-http-status"], given["content-range"]) == ("206", f"bytes 1000-300000/{SIZE}")
    assert given["x-body-length"] == str(len(content))
    assert whole["accept-ranges"] == "bytes"
    assert {"x-http-status", "content-range"}.isdisjoint(whole)
    for name in ("etag", "cache-control", "content-disposition", "x-content-type-options", "accept-ranges"):
        assert given[name] == whole[name]


async def test_a_range_of_a_part_counts_from_there(service: Service) -> None:
    """What an offset leaves is the whole of which Range asks for some."""
    file, author = await stored(service)

    given, content = await part(service, author, OVER_HTTP, ("range", "bytes=5-9"), id=file.id, offset=100, limit=50)

    assert (given["content-range"], content) == ("bytes 5-9/50", CONTENT[105:110])


@pytest.mark.parametrize("weakness", ["W/", "x"])
async def test_if_range_holds_for_the_same_bytes_alone(service: Service, weakness: str) -> None:
    """The file's own ETag lets the part through; any other validator, a weak one and a date, gets the whole file, even where
    the range could not be satisfied."""
    file, author = await stored(service)
    same, date = ("if-range", f'"{file.sha256}"'), ("if-range", "Sat, 28 Nov 2026 10:00:00 GMT")
    other = ("if-range", f'{weakness}"{file.sha256}"')

    assert (await part(service, author, OVER_HTTP, ("range", "bytes=0-9"), same, id=file.id))[1] == CONTENT[:10]
    for condition in (other, date):
        for asked in ("bytes=0-9", f"bytes={SIZE}-"):
            given, content = await part(service, author, OVER_HTTP, ("range", asked), condition, id=file.id)
            assert ("x-http-status" in given, content) == (False, CONTENT)


async def test_what_the_client_has_is_not_sent_in_parts_either(service: Service) -> None:
    """If-None-Match comes before Range (RFC 9110 section 13.2.2)."""
    file, author = await stored(service)
    known = ("if-none-match", f'"{file.sha256}"')

    given, content = await part(service, author, OVER_HTTP, known, ("range", "bytes=0-9"), id=file.id)

    assert (given["x-http-status"], content) == ("304", b"")


async def test_a_part_is_for_those_who_may_have_the_whole(service: Service) -> None:
    """A range, satisfiable or not, tells strangers nothing of a file, nor of its size."""
    file, _ = await stored(service)
    stranger, _ = await authored(service)
    person = await service.account(organisation_id=stranger)

    for asked in ("bytes=0-9", f"bytes={SIZE}-"):
        refusal = await refused(part(service, person, OVER_HTTP, ("range", asked), id=file.id))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")


async def test_range_means_nothing_over_grpc(service: Service) -> None:
    """A header of HTTP's changes no answer that has no headers of HTTP's."""
    file, author = await stored(service)

    assert (await part(service, author, ("range", "bytes=0-9"), id=file.id))[1] == CONTENT
