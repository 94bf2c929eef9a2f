"""What is decided about files without asking anybody: dispositions, keys, types."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.background.processes import Processes
from server.files import failures
from server.files.downloads import rules as download_rules
from server.files.examining import sniffing
from server.files.uploads import rules as upload_rules
from server.files.uploads.uploads import Uploads
from server.settings import InvalidSettings, load
from server.stores.blobs import open_storage
from server.stores.postgres import connect
from tests.files.uploading import PDF, PNG
from tests.test_settings import GOOD

STARTS = {
    "image/png": (PNG, "a.png"),
    "application/pdf": (PDF, "a.PDF"),
    "image/jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + bytes(50), "a.jpeg"),
    "image/gif": (b"GIF89a" + bytes(50), "a.gif"),
    "image/webp": (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(50), "a.webp"),
}


@pytest.mark.parametrize("content_type", STARTS)
def test_a_type_is_told_by_the_first_bytes(content_type: str) -> None:
    """Each type that a browser shows, and PDF, is found to be what it is."""
    head, name = STARTS[content_type]

    assert sniffing.content_type(head, name, frozenset(STARTS), upload_rules.STREAM_FIELDS) == content_type


@pytest.mark.parametrize("content_type", STARTS)
def test_a_type_that_is_not_allowed_is_refused(content_type: str) -> None:
    """A refusal says what the file is and what it might have been."""
    head, name = STARTS[content_type]

    with pytest.raises(failures.FileTypeNotAllowed, match="allowed are video/mp4") as caught:
        sniffing.content_type(head, name, frozenset({"video/mp4"}), upload_rules.BODY_FIELDS)

    assert content_type in caught.value.message
    assert caught.value.metadata == {"allowed": "video/mp4"}


def test_an_allowed_type_that_no_bytes_can_show_stops_the_start(tmp_path: Path) -> None:
    """What nothing here parses is never taken, so to allow it would allow nothing."""
    settings = load({**GOOD, "FILES_DIRECTORY": str(tmp_path), "ALLOWED_FILE_TYPES": "image/png,video/mp4,image/svg+xml"})

    with pytest.raises(InvalidSettings, match=r"ALLOWED_FILE_TYPES names image/svg\+xml, video/mp4"):
        Uploads.from_settings(settings, connect(settings), open_storage(settings), Processes())


@given(st.text(min_size=1))
def test_any_name_is_encoded_safely(name: str) -> None:
    """Whatever a file is called, the header is printable ASCII, its quotes are its own, and the name can be read from it."""
    header = download_rules.content_disposition(name, "image/png")

    match = re.fullmatch(r'inline; filename="([^"\\%]*)"(?:; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*))?', header)
    assert match is not None
    assert header.isascii()
    assert header.isprintable()
    assert (unquote(match[2]) if match[2] is not None else match[1]) == name


@pytest.mark.parametrize("content_type", ["application/pdf", "text/html", "image/svg+xml", "text/plain", ""])
def test_what_may_hold_a_script_is_saved_and_not_shown(content_type: str) -> None:
    """Only images without scripts are shown inline (F2)."""
    assert download_rules.content_disposition("a", content_type).startswith("attachment;")
