"""Documents are exported and imported with the files that they need, and with the paths that they had."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
import uuid6

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedRedirect, ImportOptions
from gazette.content.v1.document_pb2 import LiveState
from server.files.examining.examination import Examination
from server.formats.parsing import Findings
from server.rpc.failures import ResourceExhausted
from tests.content.desk import Desk, imported
from tests.content.transferring import downloaded, exported, file_parts, kinds, outcomes, results_of, uploaded
from tests.files.uploading import PDF, PNG
from tests.refusals import refused
from tests.servers import Servers
from tests.service import running


def options_of(desk: Desk) -> ImportOptions:
    return ImportOptions(organisation_id=desk.organisation_id)


async def test_an_export_with_files_is_imported_elsewhere(desk: Desk, servers: Servers, template: str, tmp_path: Path) -> None:
    """Files come before the first document that needs them, each once, with their bytes; a file that is attached to
    nothing public stays here. Elsewhere pages have the same files, former paths lead to where documents are, a second import
    changes nothing, and an export is equal to the first one. Without files a document is refused, with the field and the
    reason (I8)."""
    form, picture = await uploaded(desk)
    (secret, _) = await uploaded(desk)
    await desk.published(f"{desk.root}/picture", attachments=[picture])
    moved = await desk.published(
        f"{desk.root}/a", attachments=[form], body=f"![a form](/v1/files/{picture}:download) /v1/files/{secret}"
    )
    for path in ("b", "c"):
        moved = await desk.through_review(await desk.update(moved, path=f"{desk.root}/{path}"))
    parts = await exported(desk.service, desk.author, organisation_id=desk.organisation_id, with_files=True)
    assert kinds(parts) == ["content_type", "file", "document", "file", "document", "redirect", "redirect"]
    assert [part.file.id for part in parts if part.HasField("file")] == [picture, form]
    again = await exported(desk.service, desk.author, organisation_id=desk.organisation_id, with_files=True)
    assert again == parts
    bare = [part for part in parts if part.WhichOneof("part") not in {"file", "chunk"}]
    assert await exported(desk.service, desk.author, organisation_id=desk.organisation_id) == bare
    async with running(servers, template, tmp_path / "elsewhere") as service:
        there = await Desk.opened(service)
        results = await results_of(service, there.admin, options_of(there), bare)
        missing = ["ATTACHMENT_NOT_FOUND", "ATTACHMENT_NOT_FOUND", "DOCUMENT_NOT_FOUND", "DOCUMENT_NOT_FOUND"]
        assert outcomes(results) == ["UNCHANGED", *missing]
        assert results[1].message.startswith("`document.attachments`: ")
        assert picture in results[1].message
        results = await results_of(service, there.admin, options_of(there), parts)
        assert outcomes(results) == ["UNCHANGED", *["CREATED"] * 6]
        page = (await there.page(f"{desk.root}/c")).page
        assert [(each.id, each.name, each.alternative_text) for each in page.attachments] == [(form, "form.pdf", "a form.pdf")]
        assert f"/v1/files/{picture}:download" in page.html
        assert (await downloaded(service, form), await downloaded(service, picture)) == (PDF, PNG)
        for former in ("a", "b"):
            assert (await there.page(f"{desk.root}/{former}")).redirect.location == f"{desk.root}/c"
        assert outcomes(await results_of(service, there.admin, options_of(there), parts)) == ["UNCHANGED"] * 7
        back = await exported(service, there.admin, organisation_id=there.organisation_id, with_files=True)
        assert back == parts


async def test_a_file_that_another_organisation_has_gets_an_id_of_its_own(desk: Desk) -> None:
    """Documents point to it: with their attachments, and in their text, in details too. The other organisation's file
    stays (I8)."""
    (form, picture), other = await uploaded(desk), await Desk.opened(desk.service)
    await desk.published(f"{desk.root}/theirs", attachments=[form, picture])
    said = {"attachments": [form], "body": f"[Form](/v1/files/{form}:download)", "details": {"at": f"/v1/files/{picture}"}}
    document = ImportDocumentsRequest(document=imported(f"{other.root}/ours", said=said))
    parts = [*file_parts(form, PDF), *file_parts(picture, PNG, "harbour.png"), document]
    for wanted in ("CREATED", "UNCHANGED"):
        results = await results_of(desk.service, other.admin, options_of(other), parts)
        assert outcomes(results) == [wanted] * 3
    page = (await other.page(f"{other.root}/ours")).page
    (attachment,) = page.attachments
    assert attachment.id not in {form, picture}
    assert f'href="/v1/files/{attachment.id}:download"' in page.html
    assert picture not in str(page.details)
    assert await downloaded(desk.service, attachment.id) == PDF
    theirs = (await desk.page(f"{desk.root}/theirs")).page
    assert [each.id for each in theirs.attachments] == [form, picture]


async def test_files_that_are_refused(desk: Desk) -> None:
    """Other bytes than those of the SHA-256, fewer or more than announced, other bytes under an id that the organisation has
    (whoever had it first), what is of no allowed type, and bytes of nothing: each is named, and stops nothing else (I8)."""
    (form, _), other = await uploaded(desk), await Desk.opened(desk.service)
    assert outcomes(await results_of(desk.service, other.admin, options_of(other), file_parts(form, PDF))) == ["CREATED"]
    wanted = ["SHA256_MISMATCH", "SIZE_MISMATCH", "SIZE_MISMATCH", "FILE_EXISTS", "FILE_TYPE_NOT_ALLOWED", "INVALID_ARGUMENT"]
    names = ["damaged.pdf", "short.pdf", "long.pdf", "other.pdf", "page.html", "../form.pdf", "right.pdf"]
    for whose in (desk, other):
        free = str(uuid6.uuid7())
        parts = [
            *file_parts(free, PDF, "damaged.pdf", sha256="0" * 64),
            *[*file_parts(free, PDF, "short.pdf")][:2],
            *file_parts(free, PDF, "long.pdf", size_bytes=len(PDF) - 1),
            *file_parts(form, PDF + b"\n", "other.pdf"),
            *file_parts(free, b"<script>", "page.html"),
            *file_parts(free, PDF, "../form.pdf"),
            *file_parts(free, PDF, "right.pdf"),
        ]
        results = await results_of(desk.service, whose.admin, options_of(whose), parts)
        assert outcomes(results) == [*wanted, "CREATED"]
        assert [each.source for each in results] == [f"file/{name}" for name in names]
        assert results[0].message.startswith("file.sha256: ")
        assert "other.pdf was not imported" in results[3].message
    stray = await refused(results_of(desk.service, desk.admin, options_of(desk), [ImportDocumentsRequest(chunk=b"x")]))
    assert (stray.code, [*stray.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["chunk"])


async def test_nothing_is_told_of_another_organisations_file(desk: Desk) -> None:
    """Whoever imports other bytes under an id that another organisation has learns nothing of that file, and is not kept out by
    it: so nobody can take an id that others will need (I8)."""
    (form, _), other = await uploaded(desk), await Desk.opened(desk.service)
    mine = PDF + b"\n"
    said = {"attachments": [form]}
    parts = [*file_parts(form, mine), ImportDocumentsRequest(document=imported(f"{other.root}/ours", said=said))]
    for wanted in ("CREATED", "UNCHANGED"):
        assert outcomes(await results_of(desk.service, other.admin, options_of(other), parts)) == [wanted] * 2
    (attachment,) = (await other.page(f"{other.root}/ours")).page.attachments
    assert attachment.id != form
    assert await downloaded(desk.service, attachment.id) == mine


async def test_an_import_has_time_for_its_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many files are before one, it waits for its turn, and does not end."""
    once, parsed = [ResourceExhausted(retry_after=0.01)], Examination.parsed

    async def busy(examination: Examination, *arguments: Any) -> Findings:
        if once:
            raise once.pop()
        return await parsed(examination, *arguments)

    monkeypatch.setattr(Examination, "parsed", busy)
    parts = file_parts(str(uuid.uuid4()), PDF)
    assert outcomes(await results_of(desk.service, desk.admin, options_of(desk), parts)) == ["CREATED"]
    assert not once


async def test_former_paths_that_are_refused(desk: Desk) -> None:
    """One of no document, one that another document has, one of another organisation's document; the document's own path is
    nothing new."""
    key, other = str(uuid.uuid4()), await Desk.opened(desk.service)
    await desk.bring_in(imported(f"{desk.root}/a", key=key), imported(f"{desk.root}/taken"))

    def former(path: str, key: str = key) -> ImportDocumentsRequest:
        redirect = ImportedRedirect(translation_key=key, locale="en", path=path, source="old")
        return ImportDocumentsRequest(redirect=redirect)

    parts = [
        former(f"{desk.root}/x", str(uuid.uuid4())),
        former(f"{desk.root}/taken"),
        former(f"{desk.root}/a"),
        former("/a b"),
    ]
    results = await results_of(desk.service, desk.admin, options_of(desk), parts)
    assert outcomes(results) == ["DOCUMENT_NOT_FOUND", "PATH_TAKEN", "UNCHANGED", "INVALID_ARGUMENT"]
    results = await results_of(desk.service, other.admin, options_of(other), [former(f"{other.root}/x")])
    assert outcomes(results) == ["TRANSLATION_EXISTS"]
    good = [former(f"{desk.root}/x")]
    assert outcomes(await results_of(desk.service, desk.admin, options_of(desk), good)) == ["CREATED"]
    assert outcomes(await results_of(desk.service, desk.admin, options_of(desk), good)) == ["UNCHANGED"]
    assert (await desk.page(f"{desk.root}/x")).redirect.location == f"{desk.root}/a"


async def test_what_is_gone_needs_no_files(desk: Desk) -> None:
    """A document that is no page any more is exported without files, and imported without them."""
    (form, _) = await uploaded(desk)
    key = str(uuid.uuid4())
    gone = LiveState.LIVE_STATE_GONE
    await desk.bring_in(imported(f"{desk.root}/a", key=key, said={"attachments": [form]}))
    await desk.bring_in(imported(f"{desk.root}/a", key=key, said={"attachments": [form]}, live_state=gone))
    parts = await exported(desk.service, desk.author, organisation_id=desk.organisation_id, with_files=True)
    assert kinds(parts) == ["content_type", "document"]


async def test_a_file_that_the_storage_has_lost_is_named(desk: Desk) -> None:
    """An export that would lack it ends, and says which file it is."""
    (form, _) = await uploaded(desk)
    await desk.published(f"{desk.root}/a", attachments=[form])
    for blob in desk.service.blobs():
        blob.unlink()
    export = exported(desk.service, desk.author, organisation_id=desk.organisation_id, with_files=True)
    refusal = await refused(export)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FILE_BYTES_MISSING")
    assert "form.pdf" in refusal.status.message


async def test_who_may_export_all(desk: Desk) -> None:
    """What is of all organisations is for those who may read in all."""
    stranger = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    for request in ({}, {"for_restoring": True}):
        refusal = await refused(exported(desk.service, stranger, **request))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    refusal = await refused(exported(desk.service, desk.admin, organisation_id=desk.organisation_id, for_restoring=True))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
