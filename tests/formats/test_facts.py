"""What is known of documents, and what they say."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from server.formats import facts, parsing, pdf_page
from server.formats.malformed import Malformed
from server.formats.office import texts as office_texts
from server.formats.parsing import Findings
from server.formats.pdf import texts
from server.formats.types import PDF, ZIP
from tests.formats import packages, pdfs
from tests.formats.packages import DOCX, ODP, ODT, PPTX, XLSX
from tests.formats.pdfs import changed, saying

FORM = "Application for a mooring"


def found(folder: Path, content_type: str, content: bytes) -> Findings:
    path = folder / "file"
    path.write_bytes(content)
    return parsing.parse(str(path), content_type)


KNOWN: list[tuple[str, bytes, dict[str, Any], str]] = [
    (
        PDF,
        changed(pdfs.tagged, pdfs.titled("Mooring  form\n"), pdfs.language("en_GB"), pdfs.pages(3)),
        {"pageCount": 3, "title": "Mooring form", "language": "en-GB", "isTagged": True},
        FORM,
    ),
    (PDF, pdfs.PDF, {"pageCount": 1}, FORM),
    (PDF, b"\n" * 200 + pdfs.PDF, {"pageCount": 1}, FORM),
    (
        PDF,
        changed(pdfs.described, pdfs.titled("An older one")),
        {"pageCount": 1, "title": "Mooring form", "language": "cy"},
        FORM,
    ),
    (PDF, changed(pdfs.titled("x" * 1000)), {"pageCount": 1, "title": "x" * facts.MAX_TITLE}, FORM),
    (PDF, changed(pdfs.titled("a\0b"), pdfs.language("not a tag")), {"pageCount": 1, "title": "a b"}, FORM),
    (PDF, changed(encryption=pikepdf.Encryption(owner="secret", user="")), {"pageCount": 1}, FORM),
    (PDF, saying("/JavaScript"), {"pageCount": 1}, "/JavaScript"),
    (DOCX, packages.DOCX_WITH_FACTS, {"pageCount": 7, "title": "Moorings", "language": "cy"}, "Moorings\t2026\nThe pier"),
    (DOCX, packages.word(packages.counted("many"), packages.WORD_STYLES), {"language": "en-GB"}, "Moorings\t2026\nThe pier"),
    (DOCX, packages.word(("docProps/core.xml", "<a")), {}, "Moorings\t2026\nThe pier"),
    (PPTX, packages.slides("One", "Two"), {"pageCount": 2, "title": "Tides"}, "One\fTwo"),
    (XLSX, packages.sheet("High", "Low"), {}, "High\nLow"),
    (ODT, packages.ODT_WITH_FACTS, {"pageCount": 4, "title": "Tide tables", "language": "en-GB"}, "Tides\nHigh at\tnoon"),
    (ODP, packages.ODP_WITH_FACTS, {"pageCount": 2}, "One\fTwo"),
    ("text/csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n", {}, "a,b\n1,2\n"),
]


@pytest.mark.parametrize(("content_type", "content", "known", "said"), KNOWN)
def test_what_a_document_says_of_itself(
    tmp_path: Path, content_type: str, content: bytes, known: dict[str, Any], said: str
) -> None:
    """Its pages, title and language, and whether it is tagged, are found where it says them, and what it says as text."""
    findings = found(tmp_path, content_type, content)
    assert findings.facts == ({"document": known} if known else {})
    assert findings.text is not None
    assert findings.text.startswith(said)
    assert not findings.is_truncated


def test_an_archive_says_nothing(tmp_path: Path) -> None:
    """What is in it is for those who unpack it."""
    assert found(tmp_path, ZIP, packages.DATA) == Findings(ZIP, {})


def test_pages_are_apart(tmp_path: Path) -> None:
    """A form feed stands between them, as between those without a word."""
    assert found(tmp_path, PDF, changed(pdfs.pages(3))).text == found(tmp_path, PDF, pdfs.PDF).text
    said = pdfs.saying("One", "Two")
    assert found(tmp_path, PDF, said).text == "One\fTwo"


def test_a_long_text_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 1 MiB is kept, whole characters, and it is said that it goes on."""
    monkeypatch.setattr(facts, "MAX_TEXT", 7)
    assert facts.cleaned("a\r\nb\rcäöü") == facts.Text("a\nb\ncä", is_truncated=True)
    monkeypatch.setattr(office_texts, "MAX_TEXT", 5)
    cut = found(tmp_path, DOCX, packages.word())
    assert (cut.text, cut.is_truncated) == ("Mooring", True)


def test_a_text_that_takes_too_long_is_no_reason_to_refuse_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a PDF there is what came before, and the file is as sound as it was found to be: so, too, where PDFium is brought
    down (F3)."""
    content = pdfs.saying("One", "Two")
    monkeypatch.setattr(texts, "SOFT_SECONDS", -1.0)
    findings = found(tmp_path, PDF, content)
    assert (findings.text, findings.is_truncated) == ("", True)
    monkeypatch.undo()

    def bring_down(document: Any, number: int) -> str:
        if number:
            import os

            os.kill(os.getpid(), signal.SIGKILL)
        return "One"

    monkeypatch.setattr(texts, "page_text", bring_down)
    findings = found(tmp_path, PDF, content)
    assert (findings.facts, findings.text, findings.is_truncated) == ({"document": {"pageCount": 2}}, "One", True)


def test_the_first_page_as_a_picture(tmp_path: Path) -> None:
    """So many pixels wide, on white, and never of more pixels than are drawn at once. What is no PDF has none."""
    path = tmp_path / "file"
    path.write_bytes(pdfs.PDF)
    picture = pdf_page.render(str(path), 300)
    across, down = pdf_page.size(str(path))
    assert (picture.mode, picture.width) == ("RGB", 300)
    assert abs(picture.height - 300 * down / across) <= 1
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getcolors(1) is None, "something is drawn on it"
    path.write_bytes(changed(pdfs.sized(2, 14_400)))
    roll = pdf_page.render(str(path), 960)
    assert roll.height <= pdf_page.TALLEST
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(Malformed, match="PDFium"):
        pdf_page.render(str(path), 300)
