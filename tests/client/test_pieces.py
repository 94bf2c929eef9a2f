"""Uploads that go in pieces, or straight to the object storage: what breaks off, what goes on, and what is given up."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

import grpc
import pytest
import pytest_asyncio

from gazette.files.v1.file_pb2 import File, FileState, FileVersion
from gazette.files.v1.upload_pb2 import UploadForm, UploadFormField, UploadPart, UploadWay
from gazette_client.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument, StaleEtag, Unavailable, failure
from gazette_client.files import rendition_path, specification, uploads
from gazette_client.files.sources import CHUNK_BYTES
from tests.client.conftest import Clients
from tests.client.scripted import REFUSED, Server
from tests.client.test_transfers import Pipe, held

AWAY = failure(grpc.StatusCode.UNAVAILABLE, "OBJECT_STORAGE_UNAVAILABLE", "Away.")
CONTENT = bytes(range(256)) * 8000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large, and a piece, are small here."""
    monkeypatch.setattr(uploads, "STREAMED_BYTES", 1000)
    monkeypatch.setattr(uploads, "PIECE_BYTES", 5 * CHUNK_BYTES)


async def test_a_large_file_goes_in_pieces(clients: Clients, client: Any, scripted: Server) -> None:
    """Each piece is a call, which begins where the one before has ended; its bytes are those of the file."""
    told: list[int] = []

    file = await clients.call(client.upload, CONTENT, "7", name="tides.csv", progress=lambda done, _: told.append(done))

    [request] = scripted.uploads.created
    assert (request.upload.sha256, request.upload.size_bytes, request.way) == (SHA256, len(CONTENT), 0)
    assert (scripted.uploads.content, scripted.calls("AppendUpload"), scripted.calls("GetUpload")) == (CONTENT, 2, 0)
    assert (file.id, file.state, told[0], told[-1]) == ("9", FileState.FILE_STATE_READY, 0, len(CONTENT))


async def test_what_is_cut_off_goes_on_there(clients: Clients, client: Any, scripted: Server) -> None:
    """After each cut the client asks how far the upload has come, and sends from there, however often: what brings bytes counts
    as no failed attempt."""
    scripted.uploads.cuts.extend((at, AWAY) for at in range(10_000, 90_000, 10_000))

    await clients.call(client.upload, io.BytesIO(CONTENT), "7", name="tides.csv")

    assert scripted.uploads.content == CONTENT
    assert scripted.calls("GetUpload") == 8


async def test_a_refused_token_does_not_end_it(clients: Clients, client: Any, scripted: Server) -> None:
    """A piece cannot be sent twice, so the token is renewed by the question where to go on."""
    scripted.fails("AppendUpload", REFUSED)

    await clients.call(client.upload, CONTENT, "7", name="tides.csv")

    assert scripted.uploads.content == CONTENT


async def test_what_brings_nothing_ends(clients: Clients, client: Any, scripted: Server) -> None:
    """After as many attempts as a call has the failure is raised, and the upload is given up: nobody could go on with it."""
    scripted.fails("AppendUpload", *[AWAY] * 9)

    with pytest.raises(Unavailable):
        await clients.call(client.upload, CONTENT, "7", name="tides.csv")

    assert (scripted.calls("AppendUpload"), scripted.calls("CancelUpload")) == (5, 1)


async def test_a_refusal_ends_it_at_once(clients: Clients, client: Any, scripted: Server) -> None:
    """What the server says of the bytes is raised, not repeated."""
    scripted.fails("AppendUpload", failure(grpc.StatusCode.INVALID_ARGUMENT, "FILE_MALFORMED", "No table."))

    with pytest.raises(InvalidArgument) as caught:
        await clients.call(client.upload, CONTENT, "7", name="tides.csv")

    assert (caught.value.reason, scripted.calls("AppendUpload")) == ("FILE_MALFORMED", 1)


async def test_a_rejected_file_raises(clients: Clients, client: Any, scripted: Server) -> None:
    """A file that comes back as refused is no success."""
    scripted.uploads.outcome = FileState.FILE_STATE_REJECTED

    with pytest.raises(InvalidArgument):
        await clients.call(client.upload, CONTENT, "7", name="tides.csv")


async def test_a_lost_last_answer(clients: Clients, client: Any, scripted: Server) -> None:
    """When all had come and only the answer was lost, the file is found; another one than was sent is none."""
    scripted.uploads.loses_last_answer = AWAY
    scripted.file = File(id="9", sha256="other", uploaded_sha256=SHA256)
    assert (await clients.call(client.upload, CONTENT, "7", name="tides.csv")).id == "9"

    scripted.file = File(id="9", sha256="other", uploaded_sha256="another")
    with pytest.raises(Unavailable):
        await clients.call(client.upload, CONTENT, "7", name="tides.csv")


async def test_a_later_call_goes_on(clients: Clients, client: Any, scripted: Server) -> None:
    """With the id that `begun` was told, only what is missing is sent; what was given up meanwhile begins anew."""
    begun: list[str] = []

    def stop(done: int, total: int) -> None:
        if done > 3 * CHUNK_BYTES:
            raise KeyError(done)

    with pytest.raises(KeyError):
        await clients.call(client.upload, CONTENT, "7", name="tides.csv", progress=stop, begun=begun.append)
    kept = len(scripted.uploads.content)
    told: list[int] = []
    again = {"name": "tides.csv", "progress": lambda done, _: told.append(done)}
    await clients.call(client.upload, CONTENT, "7", resume=begun[0], **again)

    assert (told[0], kept > 3 * CHUNK_BYTES) == (kept, True)
    assert (scripted.uploads.content, len(scripted.uploads.created), scripted.calls("CancelUpload")) == (CONTENT, 1, 0)
    await clients.call(client.upload, CONTENT, "7", resume="upload-0", **again)
    await clients.call(client.upload, CONTENT[:-1], "7", resume="upload-2", **again)
    assert len(scripted.uploads.created) == 3


async def test_a_failing_callback_gives_the_upload_up(clients: Clients, client: Any, scripted: Server) -> None:
    """Its exception reaches the caller, and what has come is removed."""

    def stop(done: int, total: int) -> NoReturn:
        raise KeyError(done)

    with pytest.raises(KeyError):
        await clients.call(client.upload, Pipe(CONTENT), "7", name="tides.csv", progress=stop)

    assert scripted.calls("CancelUpload") == 1


class Storage(BaseHTTPRequestHandler):
    """An object storage that notes what it is sent."""

    notes: list[tuple[str, str, bytes]]
    statuses: list[int]

    def do_POST(self) -> None:
        self.notes.append((self.command, self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.send_header("etag", f'"{len(self.notes)}"')
        self.send_header("content-length", "0")
        self.end_headers()

    do_PUT = do_POST  # noqa: N815 - as http.server calls it

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest_asyncio.fixture
async def storage() -> AsyncIterator[tuple[str, type[Storage]]]:
    kind = type("OwnStorage", (Storage,), {"notes": [], "statuses": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kind
    finally:
        server.shutdown()
        server.server_close()


async def test_a_form_goes_to_the_storage(clients: Clients, client: Any, scripted: Server, storage: Any) -> None:
    """All fields precede the file, and the server is told when all has come. What the storage fails at is sent again."""
    address, seen = storage
    fields = [UploadFormField(name="key", value="incoming/9"), UploadFormField(name="policy", value="abc")]
    scripted.uploads.form = UploadForm(url=f"{address}/bucket", fields=fields)
    seen.statuses.append(503)
    told: list[int] = []

    file = await clients.call(client.upload, CONTENT, "7", name="tides.csv", progress=lambda done, _: told.append(done))

    (_, _, first), (method, path, body) = seen.notes
    parts = body.split(b"\r\n--" + body[2 : body.index(b"\r\n")])
    assert (method, path, len(first), len(parts)) == ("POST", "/bucket", len(body), 4)
    assert b'name="policy"\r\n\r\nabc' in parts[1]
    assert b'name="file"; filename="file"\r\n\r\n' + CONTENT in parts[2]
    assert (file.id, told[-1], [each.id for each in scripted.uploads.completed]) == ("9", len(CONTENT), ["upload-1"])


async def test_parts_go_to_the_storage(clients: Clients, client: Any, scripted: Server, storage: Any) -> None:
    """Each part goes to its address, and the storage's ETags go to the server."""
    address, seen = storage
    sizes = (1_000_000, len(CONTENT) - 1_000_000)
    scripted.uploads.parts = [
        UploadPart(number=number, url=f"{address}/{number}", size_bytes=size) for number, size in enumerate(sizes, 1)
    ]

    await clients.call(client.upload, CONTENT, "7", name="tides.csv", way="direct")

    assert [each[:2] for each in seen.notes] == [("PUT", "/1"), ("PUT", "/2")]
    assert b"".join(body for _, _, body in seen.notes) == CONTENT
    [completed] = scripted.uploads.completed
    assert [(each.number, each.etag) for each in completed.parts] == [(1, '"1"'), (2, '"2"')]


async def test_a_storage_that_cannot_be_reached_from_here(clients: Clients, client: Any, scripted: Server) -> None:
    """The file goes to the server instead, in pieces; unless the caller wanted the storage."""
    scripted.uploads.form = UploadForm(url="http://127.0.0.1:1/bucket")

    await clients.call(client.upload, CONTENT, "7", name="tides.csv")
    assert [each.way for each in scripted.uploads.created] == [0, UploadWay.UPLOAD_WAY_RESUMABLE]
    assert (scripted.uploads.content, scripted.calls("CancelUpload")) == (CONTENT, 1)

    with pytest.raises(Unavailable) as caught:
        await clients.call(client.upload, CONTENT, "7", name="tides.csv", way="direct")
    assert caught.value.reason == "OBJECT_STORAGE_UNREACHABLE"


async def test_a_storage_that_refuses(clients: Clients, client: Any, scripted: Server, storage: Any) -> None:
    """Its refusal is raised, with what it says."""
    address, seen = storage
    scripted.uploads.form = UploadForm(url=address)
    seen.statuses.append(403)

    with pytest.raises(FailedPrecondition) as caught:
        await clients.call(client.upload, CONTENT, "7", name="tides.csv")

    assert caught.value.reason == "OBJECT_STORAGE_REFUSED"


async def test_a_replacement(clients: Clients, client: Any, scripted: Server) -> None:
    """It keeps the file's name and organisation, in one call or in pieces, and is refused where the file is another than was
    read."""
    scripted.file = File(id="9", name="tides.csv", organisation_id="7", etag="4")
    await clients.call(client.replace, "9", b"few", etag="4")
    first = scripted.uploads.replaced[0].replacement
    assert (first.id, first.etag, first.name, first.size_bytes) == ("9", "4", "", 3)

    await clients.call(client.replace, "9", CONTENT, name="tables.csv")
    [created] = scripted.uploads.created
    assert (created.replaces_file_id, created.upload.organisation_id, created.upload.name) == ("9", "7", "tables.csv")
    with pytest.raises(StaleEtag):
        await clients.call(client.replace, "9", CONTENT, etag="3")


async def test_waiting_until_a_file_is_ready(clients: Clients, client: Any, scripted: Server) -> None:
    """It is asked for until it has been examined, or for as long as the caller waits."""
    scripted.file = File(id="9", state=FileState.FILE_STATE_SCANNING)
    with pytest.raises(DeadlineExceeded) as caught:
        await clients.call(client.wait_until_ready, "9", timeout=0.2)
    assert (caught.value.reason, scripted.calls("GetFile")) == ("FILE_NOT_READY", 2)
    scripted.file = File(id="9", state=FileState.FILE_STATE_READY)
    assert (await clients.call(client.wait_until_ready, "9")).id == "9"
    scripted.file.replacement.state = FileState.FILE_STATE_REJECTED
    scripted.file.replacement.rejection.reason = "FILE_INFECTED"
    with pytest.raises(InvalidArgument) as refused:
        await clients.call(client.wait_until_ready, "9")
    assert refused.value.reason == "FILE_INFECTED"


async def test_a_download_that_keeps_what_has_come(clients: Clients, client: Any, scripted: Server, tmp_path: Path) -> None:
    """What one that failed has left is not asked for again, unless the file is another by then."""
    scripted.file = File(id="9", size_bytes=len(CONTENT), sha256=SHA256)
    scripted.parts = [CONTENT[:1000], *[failure(grpc.StatusCode.INTERNAL, "INTERNAL", "Oh.")], CONTENT[1000:]]
    with pytest.raises(Exception, match="Oh"):
        await clients.call(client.download, "9", tmp_path / "tides.csv", keeps=True)
    await clients.call(client.download, "9", tmp_path / "tides.csv", keeps=True)

    assert (scripted.offsets, held(tmp_path)) == ([0, 1000], {"tides.csv": CONTENT})


async def test_a_former_version(clients: Clients, client: Any, scripted: Server, tmp_path: Path) -> None:
    """It is compared with what it was, not with what the file is."""
    scripted.file = File(id="9", version=2, size_bytes=1, sha256="other")
    scripted.uploads.versions = [FileVersion(version=1, name="old.csv", size_bytes=len(CONTENT), sha256=SHA256)]
    scripted.parts = [CONTENT]

    file = await clients.call(client.download, "9", tmp_path / "tides.csv", version=1)
    assert (file.name, (tmp_path / "tides.csv").read_bytes()) == ("old.csv", CONTENT)
    with pytest.raises(Exception, match="no version 7"):
        await clients.call(client.download, "9", tmp_path / "tides.csv", version=7)


def test_addresses_of_images() -> None:
    """They are written as the contract has them, and what there is not is refused here."""
    assert rendition_path(File(id="9", version=3), 960) == "/v1/files/9/versions/3/renditions/w960.webp"
    assert specification(960, 540) == "w960-h540.webp"
    assert specification(960, 540, fit="cover", focus=(30, 70), format="jpg") == "w960-h540-cover-x30-y70.jpg"
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("pixels", {"width": 0}),
        ("height", {"width": 1, "fit": "cover"}),
        ("focus", {"width": 1, "height": 1, "focus": (1, 1)}),
    )
    for words, given in wrong:
        with pytest.raises(ValueError, match=words):
            specification(**given)
