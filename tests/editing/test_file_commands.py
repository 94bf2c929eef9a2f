"""`gazette files`: files go up, are found, fetched, replaced, deleted and brought back at a command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import pytest_asyncio

from gazette.files.v1.file_pb2 import FileUpload
from gazette.files.v1.upload_pb2 import AppendUploadRequest, CreateUploadRequest, UploadWay
from gazette_client import Client
from gazette_client.messages import HttpBody
from server.demo.files import form_pdf, harbour_png
from server.editing.files import naming
from server.editing.files.remembering import Note
from tests.content.desk import Desk
from tests.importer.office import Office
from tests.service import Service

PNG, PDF = harbour_png(), form_pdf()


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    return await Desk.opened(service)


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk.service, desk.publisher)


@pytest.fixture(autouse=True)
def own_notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Uploads that were begun are noted in a folder of the test's own."""
    monkeypatch.setattr("click.get_app_dir", lambda name: str(tmp_path / "notes" / name))
    return tmp_path / "notes"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.png"
    path.write_bytes(PNG)
    return path


async def put(office: Office, *given: str | Path) -> str:
    """The id of a file that was uploaded."""
    code, told, error = await office.run("files", "put", *given, "--json")
    assert code == 0, error
    return str(json.loads(told)[0]["id"])


async def test_a_file_goes_up_and_comes_down(office: Office, picture: Path, tmp_path: Path) -> None:
    """`put` tells its id, `get` writes what was sent under its own name, `ls` and `show` say what it is, `url` where anyone has
    it for a while."""
    code, told, _ = await office.run("files", "put", picture, "--alternative-text", "A pier")
    file_id, *rest = told.strip().split("  ")
    assert (code, rest) == (0, ["harbour.png", naming.size(len(PNG)), "ready"])

    (tmp_path / "here").mkdir()
    code, told, _ = await office.run("files", "get", file_id, tmp_path / "here")
    assert (code, (tmp_path / "here/harbour.png").read_bytes()) == (0, PNG)
    code, told, _ = await office.run("files", "ls", "--name", "HARBOUR", "--type", "image/", "--limit", "1")
    assert told.split("\t")[:2] == ["harbour.png", "image/png"]
    assert told.rstrip().endswith(file_id)
    code, told, _ = await office.run("files", "show", file_id)
    assert {"alternative text: A pier", "version: 1", "state: ready"} <= {*told.splitlines()}


async def test_several_files(office: Office, picture: Path, tmp_path: Path) -> None:
    """They go up in one call, as JSON in one list; what is said of one file alone is refused of two."""
    form = tmp_path / "form.pdf"
    form.write_bytes(PDF)
    code, told, _ = await office.run("files", "put", picture, form, "--json")
    assert (code, [each["name"] for each in json.loads(told)]) == (0, ["harbour.png", "form.pdf"])
    code, _, error = await office.run("files", "put", picture, form, "--name", "one.png")
    assert (code, "give one PATH" in error) == (2, True)


async def test_what_was_interrupted_goes_on(office: Office, desk: Desk, picture: Path, own_notes: Path) -> None:
    """The same command goes on with the upload that it had begun, and forgets it in the end; a file that has changed since is
    another one."""
    with Client(desk.service.address, email=office.admin.email, password=office.admin.password) as client:

        def begin() -> str:
            described = FileUpload(organisation_id=desk.organisation_id, name=picture.name, size_bytes=len(PNG))
            request = CreateUploadRequest(upload=described, way=UploadWay.UPLOAD_WAY_RESUMABLE)
            upload = client.files.CreateUpload(request).upload
            client.files.AppendUpload(iter([AppendUploadRequest(id=upload.id, content=HttpBody(data=PNG[:1000]))]))
            Note.of(picture, client.target, desk.organisation_id, "").write(upload.id)
            return upload.file.id

        file_id = await asyncio.to_thread(begin)
        code, told, error = await office.run("files", "put", picture)
        assert (code, told.split("  ")[0], error) == (0, file_id, f"goes on with {picture}\n")
        assert [*(own_notes / "gazette/uploads").iterdir()] == []
        begun = await asyncio.to_thread(begin)
        await asyncio.to_thread(picture.write_bytes, PNG + b"\0")
        assert await put(office, picture) != begun


async def test_a_file_is_replaced(office: Office, picture: Path, tmp_path: Path) -> None:
    """Its id stays, `versions` lists what it has been, `get --version` fetches that, and `url` tells where anyone has it."""
    file_id = await put(office, picture)
    later = tmp_path / "later.png"
    later.write_bytes(PNG + b"\0")
    code, told, error = await office.run("files", "replace", file_id, later)
    assert (code, told.split("  ")[0], error) == (0, file_id, "")
    _, told, _ = await office.run("files", "versions", file_id)
    assert [line.split("\t")[0] for line in told.splitlines()] == ["2", "1"]
    code, _, error = await office.run("files", "get", file_id, tmp_path / "first.png", "--version", "1")
    assert (code, error) == (0, "")
    assert (tmp_path / "first.png").read_bytes() == PNG
    code, _, error = await office.run("files", "replace", file_id, later, "--etag", "0")
    assert (code, error.startswith("Error: STALE_ETAG: ")) == (1, True)
    code, told, error = await office.run("files", "url", file_id)
    assert (code, error, file_id in told) == (0, "", True)


async def test_refusals(office: Office, tmp_path: Path) -> None:
    """What the service refuses is told with its reason and the field, and ends with 1; what is no id ends with 2."""
    script = tmp_path / "harbour.png"
    script.write_bytes(b"<script>" * 100)
    code, told, error = await office.run("files", "put", script)
    assert (code, told, error.startswith("Error: FILE_TYPE_NOT_ALLOWED: ")) == (1, "", True)
    code, _, error = await office.run("files", "show", "harbour.png")
    assert (code, "is no file's id" in error) == (2, True)
    code, _, error = await office.run("files", "show", "0190a5a0-0000-7000-8000-000000000000")
    assert (code, error.startswith("Error: FILE_NOT_FOUND: ")) == (1, True)
    code, _, error = await office.run("files", "get", "0190a5a0-0000-7000-8000-000000000000", tmp_path / "x")
    assert (code, (tmp_path / "x").exists()) == (1, False)


async def test_what_is_said_of_a_file_changes(office: Office, picture: Path) -> None:
    """Its name, alternative text and focal point; another version than it has is refused."""
    file_id = await put(office, picture)
    change = ("files", "describe", file_id, "--alternative-text", "A pier at dusk", "--focal-point", "20", "80")
    code, told, _ = await office.run(*change, "--json")
    changed = json.loads(told)
    assert (code, changed["alternativeText"], changed["focalPoint"]) == (0, "A pier at dusk", {"x": 20, "y": 80})
    code, _, error = await office.run(*change, "--etag", "0")
    assert (code, error.startswith("Error: STALE_ETAG: ")) == (1, True)
    code, _, error = await office.run("files", "describe", file_id)
    assert (code, "say what changes" in error) == (2, True)


async def test_a_file_is_deleted_and_brought_back(office: Office, picture: Path) -> None:
    """`rm` says until when it can be restored, `ls --deleted` finds it, `restore` brings it back."""
    file_id = await put(office, picture)
    code, told, _ = await office.run("files", "rm", file_id)
    assert (code, told.startswith(f"{file_id} is deleted; it can be restored until ")) == (0, True)
    _, told, _ = await office.run("files", "ls", "--deleted")
    assert file_id in told
    code, told, _ = await office.run("files", "restore", file_id)
    assert (code, told.split("  ")[-1].strip()) == (0, "ready")


async def test_a_file_in_use(office: Office, desk: Desk, picture: Path) -> None:
    """`uses` lists the documents that use it, `rm` is refused, and `rm --now` removes it for good, with --yes or once its name
    was typed."""
    file_id = await put(office, picture)
    document = await desk.published(f"{desk.root}/a", title="A", attachments=[file_id])
    _, told, _ = await office.run("files", "uses", file_id)
    assert told.split("\t")[0::5] == [f"{desk.root}/a", f"{document.id}\n"]
    code, _, error = await office.run("files", "rm", file_id)
    assert (code, error.startswith("Error: FILE_IN_USE: ")) == (1, True)
    code, _, error = await office.run("files", "rm", file_id, "--now")
    assert (code, "--explanation" in error) == (2, True)
    code, _, error = await office.run("files", "rm", file_id, "--now", "--explanation", "Leaked")
    assert (code, "--yes" in error) == (2, True)
    code, told, _ = await office.run("files", "rm", file_id, "--now", "--explanation", "Leaked", "--yes")
    assert (code, told) == (0, f"{file_id} is gone\n")
    assert (await office.run("files", "show", file_id))[0] == 1


def test_sizes() -> None:
    """Numbers of bytes are told in the unit that people would choose."""
    sizes = {1: "1 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 5_242_880: "5.2 MB", 2 * 10**15: "2000.0 TB"}
    assert {count: naming.size(count) for count in sizes} == sizes
