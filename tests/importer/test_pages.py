"""Pages that were written elsewhere, as HTML, Word and Markdown: they come in with their links and images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import BodyFormat, Document
from tests.files.uploading import PNG
from tests.importer.office import Office
from tests.importer.writing import TABLE, docx, link, paragraph, picture, put, written

HTML = BodyFormat.BODY_FORMAT_HTML
START = """\
---
title: Harbours
description: All of them
tags: [boats, moorings]
date: 2024-05-01
author: nobody
---
See [mooring](guides/moor.html#fees "Fees"), [the form][f], ![A quay](quay.png), <a href='guides/apply.md'>apply</a>,
[fees](guides/fees), [elsewhere](https://x.example/a.md) and [nothing](gone.md).

[f]: <guides/apply.md>

    [code](guides/apply.md) `[code](guides/apply.md)`
"""
APPLY = """\
+++
path = "/apply"
tags = ["forms"]
content_type = "form"
publish_time = 2023-01-02T03:04:05Z
+++

Apply *for* a `mooring`
=======================

Back to [the start](../index.md), or [the table](/guides/fees.docx).
"""
MOOR = """\
<!doctype html><html lang="en-GB"><head><title>Moor a boat – Harbours</title>
<meta name="Description" content="How to &amp; where"></head>
<body><nav>Menu</nav><main><h1>Moor <b>a</b> boat</h1><p>Go to <a href="apply">apply</a>,
<a href="../index.md#top">start</a> <img src="../quay.png" alt="The quay"> &lt;1 m</p></main><script>x()</script></body></html>
"""
FEES = (
    paragraph("Fees", "HT"),
    paragraph("By length", "H1"),
    paragraph("See ", inner=link("l1", "the start") + picture("i1", "A quay in rain")),
    TABLE,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fees = docx(*FEES, leads="../index.md")
    return written(
        tmp_path / "site", index_md=START, guides__apply_md=APPLY, guides__moor_html=MOOR, guides__fees_docx=fees, quay_png=PNG
    )


async def imported(office: Office, path: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done, output, error = await office.run("import", path, "--json", *options)
    assert done == code, (output, error)
    summary: dict[str, Any] = json.loads(output)
    return summary


async def by_path(office: Office) -> dict[str, Document]:
    """The documents, whole."""
    stub, found = ContentServiceStub(office.service.channel), {}
    for each in await office.documents():
        answer = await stub.GetDocument(GetDocumentRequest(id=each.id), metadata=office.admin.metadata)
        found[each.path] = answer.document
    return found


async def test_a_folder_of_pages(office: Office, folder: Path) -> None:
    """Each file is a page where its folder and name, or itself, say; its links lead to the others' new paths, its images are
    files of the page, and what does not arrive is named."""
    summary = await imported(office, folder, "--under", "/about")
    assert (summary["created"], summary["storedFiles"], summary["refused"]) == (4, 1, [])
    found = await by_path(office)
    assert set(found) == {"/about", "/about/guides/moor", "/about/guides/fees", "/apply"}
    start, apply, moor, fees = (found[path] for path in ("/about", "/apply", "/about/guides/moor", "/about/guides/fees"))
    (file,) = start.attachments
    assert start.body == START.partition("---\n")[2].partition("---\n")[2].replace(
        "guides/moor.html#", "/about/guides/moor#"
    ).replace("(quay.png)", f"(/v1/files/{file}:download)").replace("'guides/apply.md'", "'/apply'").replace(
        "<guides/apply.md>", "/apply"
    ).replace("(guides/fees)", "(/about/guides/fees)")
    assert (start.title, start.summary, [*start.tags]) == ("Harbours", "All of them", ["boats", "moorings"])
    assert (apply.title, apply.content_type, [*apply.tags]) == ("Apply for a mooring", "form", ["forms"])
    assert apply.body == "Back to [the start](/about), or [the table](/about/guides/fees).\n"
    assert (moor.title, moor.summary, moor.locale, moor.body_format) == ("Moor a boat", "How to & where", "en-GB", HTML)
    assert '<a href="/apply">apply</a>' in moor.body
    assert '<a href="/about#top">start</a>' in moor.body
    assert f'<img src="/v1/files/{file}:download" alt="The quay"> &lt;1 m' in moor.body
    assert (fees.title, fees.summary, [*fees.tags]) == ("Fees", "Who pays what", ["boats", "fees"])
    assert "<h1>By length</h1>" in fees.body
    assert '<a href="/about">the start</a>' in fees.body
    assert f'src="/v1/files/{file}:download"' in fees.body
    assert 'alt="A quay in rain"' in fees.body
    assert "<table>" in fees.body
    page = (await office.page("/about")).page
    assert page.claimed_times.first_publish_time.ToJsonString() == "2024-05-01T00:00:00Z"
    assert [each.id for each in page.attachments] == [file]
    notes = "\n".join(summary["notes"])
    assert "index.md: its front matter says author" in notes
    assert "index.md: it leads to 'gone.md', which is no file of the source" in notes
    assert "guides/moor.html: 4 characters outside of <main> are left out" in notes
    assert notes.count("\n") == 2


async def test_again_nothing_changes(office: Office, folder: Path) -> None:
    """The same files make the same documents; one that was changed is one more revision of its own."""
    await imported(office, folder)
    again = await imported(office, folder)
    assert (again["created"], again["updated"], again["unchanged"], again["storedFiles"]) == (0, 0, 4, 0)
    put(folder, "guides/moor.html", MOOR.replace("Go to", "Sail to"))
    assert (await imported(office, folder))["updated"] == 1


async def test_what_would_be_sent(office: Office, folder: Path) -> None:
    """A rehearsal prints each part, asks no server and sends nothing; a format that is named takes its files alone."""
    code, output, _ = await office.run(
        "import", folder, "--dry-run", "--format", "html", "--content-type", "guide", "--locale", "cy"
    )
    lines = output.splitlines()
    assert (code, lines[-1]) == (0, "1 document, 1 content type, 1 file")
    assert "published /guides/moor (guide, en-GB): Moor a boat [guides/moor.html]" in lines
    assert f"file quay.png ({len(PNG)} bytes): The quay" in lines
    assert await office.documents() == []


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty.html": ("", "is empty"),
    "untitled a.html": ("<p>Hello</p>", "has neither a title nor one heading"),
    "deep.html": ("<title>x</title>" + "<div>" * 3_000, "cannot be read whole: Excessive depth"),
    "latin.html": ("<title>Höhe</title>".encode("latin-1"), "is not UTF-8"),
    "unknown.html": ('<meta charset="x-unknown"><title>Höhe</title>'.encode("latin-1"), "is not UTF-8"),
    "large.html": ("<title>x</title>" + "x" * (8 << 20), "bytes, and may have"),
    "untitled b.md": ("Hello", "has no title"),
    "open.md": ("+++\ntitle = 'x'\n", "has no +++ behind"),
    "no yaml.md": ("---\ntitle: [\n---\n", "front matter that is no YAML"),
    "a list.md": ("---\n- a\n---\n", "no YAML of names and values"),
    "twice.md": ("---\ntitle: a\ntitle: b\n---\n", "says 'title' twice"),
    "two names.md": ("---\nsummary: a\ndescription: b\n---\n", "says its summary twice"),
    "aliases.md": ("---\na: &a [x]\ntitle: b\ntags: *a\n---\n", "has an alias"),
    "object.md": ("---\ntitle: !!python/object/apply:os.system ['true']\n---\n", "front matter that is no YAML"),
    "tags.md": ("---\ntitle: a\ntags: 3\n---\n", "which is no list of texts"),
    "time.md": ("---\ntitle: a\ndate: soon\n---\n", "which is no time"),
    "key.md": ("---\ntitle: a\ntranslation_key: 5\n---\n", "which is no UUID"),
    "details.md": ("---\ntitle: a\ndetails: x\n---\n", "which is no object"),
    "path.md": ("---\ntitle: a\npath: /a b\n---\n", "which is no path"),
    "no toml.md": ("+++\ntitle = \n+++\n", "front matter that is no TOML"),
    "front.md": (f"---\ntitle: {'x' * 70_000}\n---\n", "characters, and may have"),
    "…!.md": ("# A title", "has no letter or digit in its name"),
    "text.docx": ("Hello", "damaged archive"),
    "untitled.docx": (docx(paragraph("Hello")), "has no title"),
    "bomb.docx": (docx(more=(("word/media/a.bin", bytes(201 << 20)),)), "inflates to more"),
    "macros.docx": (docx(more=(("word/document.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),)), "document type"),
    "damaged.docx": (docx(paragraph("x", "HT"), "<w:p>"), "is damaged"),
}


async def test_what_is_refused(office: Office, tmp_path: Path) -> None:
    """Each by its file and the reason, and what is right comes in beside it."""
    for name, (content, _) in REFUSED.items():
        put(tmp_path, name, content)
    put(tmp_path, "right.md", "# Right")
    summary = await imported(office, tmp_path, code=1)
    assert summary["created"] == 1
    reasons = {each["source"]: each["reason"] for each in summary["refused"]}
    assert set(reasons) == set(REFUSED)
    for name, (_, told) in REFUSED.items():
        assert told in reasons[name], (name, reasons[name])


async def test_two_of_one_path(office: Office, tmp_path: Path) -> None:
    """Of two files at one path the second is refused with the name of the first; nothing outside of the folder is read."""
    secret = put(tmp_path / "elsewhere", "secret.md", "# Secret")
    folder = written(tmp_path / "site", a__b_md="# One", A__B_html="<title>Two</title>")
    (folder / "link.md").symlink_to(secret)
    (folder / "picture.png").symlink_to(put(tmp_path / "elsewhere", "p.png", PNG))
    put(folder, "c.md", "# C\n\n![](picture.png) ![](../elsewhere/p.png) [s](../elsewhere/secret.md)\n")
    put(folder, ".hidden.md", "# Hidden")
    summary = await imported(office, folder, code=1)
    reasons = {each["source"]: each["reason"] for each in summary["refused"]}
    assert reasons == {
        "a/b.md": "would be at /a/b in en, as A/B.html is",
        "link.md": "is a link that leads outside of the folder",
    }
    assert (summary["created"], summary["storedFiles"]) == (2, 0)
    assert len(summary["notes"]) == 3


async def test_what_of_word_is_left_out(office: Office, tmp_path: Path) -> None:
    """Images that no browser shows, formulas, deletions, headers and styles that mean nothing here are named."""
    body = (
        paragraph("Fees", "HT"),
        paragraph("Curly", "HX"),
        paragraph("Plan", inner=picture("i2")),
        '<w:p><w:del w:id="1" w:author="x"><w:r><w:delText>old</w:delText></w:r></w:del></w:p>',
    )
    put(
        tmp_path,
        "fees.docx",
        docx(*body, more=(("word/header1.xml", "<w:hdr><w:p><w:r><w:t>Secret</w:t></w:r></w:p></w:hdr>"),)),
    )
    summary = await imported(office, tmp_path / "fees.docx")
    assert summary["created"] == 1
    assert "/fees" in await by_path(office)
    told = "\n".join(summary["notes"])
    for part in ("image/x-emf", "deletions that were tracked", "headers are left out", "Unrecognised paragraph style: Curly"):
        assert part in told
    assert "old" not in (await by_path(office))["/fees"].body


async def test_declared_encodings(office: Office, tmp_path: Path) -> None:
    """A page that is no UTF-8 is read as it says; in UTF-16, as its byte order mark does."""
    put(tmp_path, "a.html", '<meta charset="iso-8859-1"><title>Höhe – “1”</title>'.encode("cp1252"))
    put(tmp_path, "b.md", "# Höhe".encode("utf-16"))
    await imported(office, tmp_path)
    assert [each.title for each in (await by_path(office)).values()] == ["Höhe", "Höhe – “1”"]
