"""An export with files as a folder: what is in it, how it takes its place, and what is said of a damaged one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_import_pb2 import ExportDocumentsResponse, ImportedFile
from server.importer import exporting, folders
from server.importer.failures import Refused
from tests.content.desk import Desk, imported
from tests.content.transferring import downloaded, uploaded
from tests.files.uploading import PDF, PNG
from tests.importer.office import Office
from tests.importer.restoring import contents, empty_office, summary_of
from tests.servers import Servers
from tests.service import Service


def exported(*files: bytes, damaged: bytes = b"") -> list[ExportDocumentsResponse]:
    """An export of files, the last of which came damaged."""
    parts = []
    for content in files:
        sha256 = hashlib.sha256(content).hexdigest()
        parts.append(ExportDocumentsResponse(file=ImportedFile(name="a.pdf", sha256=sha256, size_bytes=len(content))))
        parts += [ExportDocumentsResponse(chunk=bytes([byte])) for byte in content]
    if damaged:
        parts[-1].chunk = damaged
    return parts


def test_an_export_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """When it is complete: one that breaks off, or comes damaged, leaves the one before as it was. What only that had goes."""
    folder = tmp_path / "export"
    exporting.write(exported(b"one", b"two"), folder, is_folder=True)
    before = contents(folder)
    assert {name.partition("/")[0] for name in before} == {"documents.ndjson", "files"}
    assert sorted(before[name] for name in before if name.startswith("files/")) == [b"one", b"two"]
    with pytest.raises(Refused, match=r"file a\.pdf came with other bytes than those of its SHA-256"):
        exporting.write(exported(b"three", damaged=b"x"), folder, is_folder=True)

    def cut_off() -> Iterator[ExportDocumentsResponse]:
        yield from exported(b"four", b"five")[:-2]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        exporting.write(cut_off(), folder, is_folder=True)
    left = contents(folder)
    assert {name: left[name] for name in before} == before
    assert [left[name] for name in left if name not in before] == [b"four"]  # whole, and named by nothing yet
    counts = exporting.write(exported(b"one", b"five"), folder, is_folder=True)
    assert (counts["file"], counts["bytes"]) == (2, 7)
    assert sorted(content for name, content in contents(folder).items() if name.startswith("files/")) == [b"five", b"one"]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    """An export stands alone. A folder without documents.ndjson is none."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match=r"holds other things than an export: notes\.txt"):
        exporting.write([], tmp_path, is_folder=True)
    assert contents(tmp_path) == {"notes.txt": b"mine"}
    with pytest.raises(Refused, match=r"holds no documents\.ndjson"):
        folders.documents(tmp_path)


async def test_files_go_through_the_command(own_service: Service, servers: Servers, template: str, tmp_path: Path) -> None:
    """`gazette export --with-files` and `gazette import` bring a page with its files to another installation. A file whose
    bytes are damaged or missing is named, with the document that needs it; once it is mended, the same command brings the rest.
    The bytes may stand in the NDJSON itself, as the API writes them."""
    desk = await Desk.opened(own_service)
    form, picture = await uploaded(desk)
    await desk.bring_in(imported("/a", said={"attachments": [form]}), imported("/b", said={"attachments": [picture]}))
    source, folder = Office(own_service, desk.admin), tmp_path / "export"
    code, report = await summary_of(source, "export", folder, "--with-files")
    assert (code, report["documents"], report["files"], report["fileBytes"]) == (0, 2, 2, len(PDF) + len(PNG))
    assert {name for name in contents(folder) if name.startswith("files/")} == {
        f"files/{hashlib.sha256(content).hexdigest()}" for content in (PDF, PNG)
    }
    inline = tmp_path / "inline.ndjson"
    _, output, _ = await source.run("export", "-", "--with-files")
    inline.write_text(output)
    damaged, missing = (folder / "files" / hashlib.sha256(content).hexdigest() for content in (PDF, PNG))
    damaged.write_bytes(PDF.replace(b"Owner", b"Other"))
    missing.unlink()
    async with empty_office(servers, template, tmp_path / "elsewhere") as target:
        await target.service.organisation("harbours")
        code, summary = await summary_of(target, "import", folder)
        refused = {each["source"]: each["reason"] for each in summary["refused"]}
        assert (code, sorted(refused)) == (1, ["/a", "/b", "file/form.pdf", "file/harbour.png"])
        assert refused["file/form.pdf"].startswith("SHA256_MISMATCH: file.sha256: ")
        assert refused["file/harbour.png"].endswith("is not there")
        assert {refused[path].partition(":")[0] for path in ("/a", "/b")} == {"ATTACHMENT_NOT_FOUND"}
        code, summary = await summary_of(target, "import", inline)
        assert (code, summary["created"], summary["storedFiles"], summary["refused"]) == (0, 2, 2, [])
        assert (await downloaded(target.service, form), await downloaded(target.service, picture)) == (PDF, PNG)
        damaged.write_bytes(PDF)
        missing.write_bytes(PNG)
        code, summary = await summary_of(target, "import", folder, "--batch", "1")
        assert (code, summary["unchanged"], summary["storedFiles"]) == (0, 2, 0)


async def test_what_the_commands_are_told_wrong(office: Office, tmp_path: Path) -> None:
    """Options that contradict one another, paths of the wrong kind, and who may not restore: exit code 2, nothing done."""
    file = tmp_path / "a.ndjson"
    file.write_text("")
    local = await office.service.account(role=Role.ROLE_ADMIN, organisation_id=await office.service.organisation("local"))
    ours = ("--organisation", "local")
    wrong: list[tuple[tuple[Any, ...], str]] = [
        (("export", tmp_path / "b", "--for-restoring", "--organisation", "local"), "either --organisation or all"),
        (("export", tmp_path, *ours), "PATH is a folder"),
        (("export", file, "--with-files", *ours), "PATH is a file"),
        (("export", tmp_path, "--with-files", *ours), "holds other things than an export"),
        (("import", tmp_path, *ours), "holds no documents.ndjson"),
        (("import", file, "--restore", "--format", "govuk"), "--restore is for"),
    ]
    for words, told in wrong:
        code, _, error = await office.run(*words)
        assert (code, told in error) == (2, True), error
    file.write_text(json.dumps({"organisation": {"id": local.id, "slug": "x", "name": "X"}}))
    code, _, error = await office.run("import", file, "--restore", by=local)
    assert (code, "PERMISSION_DENIED" in error) == (2, True)
