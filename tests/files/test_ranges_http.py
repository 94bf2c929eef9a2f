"""Parts of files over HTTP, as browsers' viewers and curl ask for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.files.test_http import upload
from tests.files.uploading import png
from tests.polling import wait_until
from tests.refusals import http_reason

CONTENT = png(4 * 1024 * 1024)
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def file(author: httpx.Client, organisation_id: str) -> dict[str, Any]:
    made: dict[str, Any] = upload(author, organisation_id, CONTENT, "ranges.png").raise_for_status().json()["file"]
    return made


@pytest.fixture(scope="module")
def where(file: dict[str, Any]) -> str:
    return f"/v1/files/{file['id']}:download"


def curl(author: httpx.Client, *arguments: object) -> list[str]:
    """A command line of curl as the author would type it. It fails for statuses that are errors."""
    if (program := shutil.which("curl")) is None:
        pytest.skip("curl is not installed")
    return [program, "-sSf", "-H", f"authorization: {author.headers['authorization']}", *map(str, arguments)]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", (0, SIZE)),
        ("bytes=0-1", (0, 2)),
        ("bytes=1000000-1999999", (1_000_000, 2_000_000)),
        ("bytes=4000000-", (4_000_000, SIZE)),
        ("bytes=-1000", (SIZE - 1000, SIZE)),
    ],
)
def test_a_range_is_answered_by_that_part(
    author: httpx.Client, file: dict[str, Any], where: str, asked: str, part: tuple[int, int]
) -> None:
    """206 with Content-Range, the part's own length, and the whole's type and ETag: what a viewer of videos or PDFs reads."""
    answer = author.get(where, headers={"range": asked, "if-range": f'"{file["sha256"]}"'})

    assert (answer.status_code, answer.content) == (206, CONTENT[slice(*part)])
    assert answer.headers["content-range"] == f"bytes {part[0]}-{part[1] - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(part[1] - part[0])
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{file["sha256"]}"'
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=0-9,20-29"},
        {"range": "pages=1-2"},
        {"range": "bytes=9-5"},
        {"range": b"bytes=\xff-"},
        {"range": "bytes=0-9", "if-range": '"another"'},
        {"range": "bytes=0-9", "if-range": b'"caf\xe9"'},
    ],
)
def test_what_is_not_answered_in_part_is_answered_whole(author: httpx.Client, where: str, headers: dict[str, Any]) -> None:
    """Several ranges, other units, nonsense and a file that has another ETag get 200 with every byte, which says that ranges
    are taken."""
    answer = author.get(where, headers=headers)

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-range" not in answer.headers


def test_a_range_behind_the_end_is_refused(author: httpx.Client, where: str) -> None:
    """416 in JSON, with the size in Content-Range and for programs in the ErrorInfo."""
    answer = author.get(where, headers={"range": f"bytes={SIZE}-"})

    assert (answer.status_code, http_reason(answer)) == (416, "RANGE_NOT_SATISFIABLE")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.json()["details"][0]["metadata"] == {"size_bytes": str(SIZE)}


def test_head_knows_no_ranges(author: httpx.Client, where: str) -> None:
    """Range is GET's alone: HEAD tells the length of the whole, even where a GET would be refused."""
    for asked in ("bytes=0-9", f"bytes={SIZE}-"):
        answer = author.head(where, headers={"range": asked})

        assert (answer.status_code, answer.headers["content-length"]) == (200, str(SIZE))
        assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_means_nothing_elsewhere(author: httpx.Client, where: str) -> None:
    """An answer in JSON has no parts."""
    answer = author.get(where.removesuffix(":download"), headers={"range": "bytes=0-9"})

    assert (answer.status_code, answer.json()["file"]["name"]) == (200, "ranges.png")


def test_a_file_is_compressed_by_nobody(author: httpx.Client, file: dict[str, Any], where: str) -> None:
    """Its ETag stays strong and its bytes its own, whatever encodings the client would take."""
    answer = author.get(where, headers={"accept-encoding": "gzip, br", "range": "bytes=1000-2999"})

    assert "content-encoding" not in answer.headers
    assert (answer.headers["etag"], answer.content) == (f'"{file["sha256"]}"', CONTENT[1000:3000])


def test_offset_and_limit_work_in_the_query_too(author: httpx.Client, where: str) -> None:
    """For a link that cannot carry a header: what they leave is answered as a whole."""
    answer = author.get(where, params={"offset": 100, "limit": 50})

    assert (answer.status_code, answer.content) == (200, CONTENT[100:150])
    assert answer.headers["content-length"] == "50"
    assert (refused := author.get(where, params={"offset": SIZE + 1})).status_code == 416
    assert refused.headers["content-range"] == f"bytes */{SIZE}"


def test_curl_goes_on_with_a_download_that_was_interrupted(author: httpx.Client, where: str, tmp_path: Path) -> None:
    """`curl -C -` gets what is missing, and no more, after a first attempt was ended in the middle."""
    to, url = tmp_path / "ranges.png", author.base_url.join(where)
    first = subprocess.Popen(curl(author, "--limit-rate", "100k", "-o", to, url))
    try:
        wait_until(lambda: to.exists() and to.stat().st_size > 0)
    finally:
        first.terminate()
        first.wait(timeout=10)
    begun = to.stat().st_size
    assert 0 < begun < SIZE

    command = curl(author, "-C", "-", "-o", to, "-w", "%{http_code} %{size_download}", url)
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    assert told == f"206 {SIZE - begun}"
    assert to.read_bytes() == CONTENT


def test_curl_finds_a_whole_download_whole(author: httpx.Client, where: str, tmp_path: Path) -> None:
    """`curl -C -` on what is complete is told so by 416, and leaves it as it is."""
    to = tmp_path / "ranges.png"
    to.write_bytes(CONTENT)

    command = curl(author, "-C", "-", "-o", to, "-w", "%{http_code}", author.base_url.join(where))
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert ended.stdout == "416"
    assert to.read_bytes() == CONTENT
