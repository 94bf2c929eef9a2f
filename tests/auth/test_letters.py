"""The words of auth's mails: every kind, as text and as HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from server.auth.links.mailed import Links
from server.auth.links.purposes import PURPOSES
from server.auth.mails import composing
from server.auth.mails.composing import letter
from server.mail.words import listed, plain

URL = "https://gazette.example.gov/reset-password#token=" + "Ab-_" * 16
VALUES: dict[str, Any] = {
    "site": "gazette.example.gov",
    "name": "Ada Byron",
    "url": URL,
    "expire_time": datetime(2026, 3, 3, 12, tzinfo=UTC),
    "inviter": "Mary Somerville",
    "organisations": ["Transport", "Health", "Defence"],
    "is_enabled": True,
    "are_codes": True,
}
LINKS = Links("a secret", "https://gazette.example.gov")
KINDS = sorted(composing.composers(LINKS))
HOSTILE = (
    '</p><script>alert(1)</script><a href="https://evil.example/">x'
    "\r\n\r\nhttps://evil.example/ www.evil.example a@evil.example \u202e"
)


class Words(HTMLParser):
    """What a person reads, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str | None] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def values(kind: str, **changed: Any) -> dict[str, Any]:
    given = {**VALUES, **changed}
    return given if kind in PURPOSES else {name: value for name, value in given.items() if name != "url"}


def test_every_kind_has_its_words() -> None:
    """Each template is a kind's, and the other way round."""
    templates = {path.stem for path in Path(composing.__file__).with_name("templates").glob("*.txt")}
    assert templates == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(kind: str) -> None:
    """Who reads plain text misses nothing, and nobody's lines are too long for a mail but the link's."""
    written = letter(kind, **values(kind))
    html = " ".join(" ".join(Words(written.html).text).split())
    for paragraph in written.text.strip().split("\n\n"):
        assert " ".join(paragraph.split()) in html
    assert all(len(line) <= 76 for line in written.text.splitlines() if line != URL)
    assert written.subject in html
    assert "Ada Byron" in written.text
    assert "If" in written.text  # it was not you


@pytest.mark.parametrize("kind", KINDS)
def test_the_only_links_are_ours(kind: str) -> None:
    """A mail with a link has it twice in HTML, to click and to copy, and once as text; the others have none."""
    written = letter(kind, **values(kind))
    expected = [URL] if kind in PURPOSES else []
    assert Words(written.html).links == expected * 2
    assert [line for line in written.text.splitlines() if "://" in line] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_is_only_a_name(kind: str) -> None:
    """Markup, lines, addresses and links in names come out as harmless words."""
    written = letter(kind, **values(kind, name=HOSTILE, inviter=HOSTILE, organisations=[HOSTILE]))
    good = letter(kind, **values(kind))
    html, expected = Words(written.html), Words(good.html)
    assert (html.tags, html.links) == (expected.tags, expected.links)
    assert written.subject == good.subject
    for text in (written.text, unescape(written.html)):
        for bad in ("evil.example", "https://evil", "@evil", "\u202e", "alert(1)<", "\r"):
            assert bad not in text
    assert len(written.text.strip().split("\n\n")) == len(good.text.strip().split("\n\n"))


def test_an_app_that_was_taken_away_is_told_otherwise() -> None:
    """The mail says which of the two happened."""
    added, removed = (letter("totp-changed", **values("totp-changed", is_enabled=each)).text for each in (True, False))
    assert "you are asked for a code" in " ".join(added.split())
    assert "password alone" in " ".join(removed.split())


def test_an_invitation_by_nobody_to_everything_reads_well() -> None:
    """The command line has no name, and a grant for all organisations names none."""
    text = " ".join(letter("invitation", **values("invitation", inviter="", organisations=[])).text.split())
    assert "You have been invited to Gazette at gazette.example.gov, to work for all organisations." in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë O’Neil-Smith", "Zoë O’Neil-Smith"),
        ("J.R.R. Tolkien", "J. R. R. Tolkien"),
        ("王小明", "王小明"),
        ("मैरी", "मैरी"),
        ("Department (Trade & Industry)", "Department (Trade & Industry)"),
        ("https://evil.example/", "httpsevil. example"),
        ("///", "somebody"),
        ("x" * 81, "x" * 79 + "…"),
    ],
    ids=range(8),
)
def test_names_stay_names(name: str, shown: str) -> None:
    """What people are called is shown, whatever the script; what a mail program would make a link of is not."""
    assert plain(name) == shown


def test_lists_are_read_as_they_are_said() -> None:
    """With commas, and an "and" before the last."""
    assert [listed(VALUES["organisations"][:count]) for count in (1, 2, 3)] == [
        "Transport",
        "Transport and Health",
        "Transport, Health and Defence",
    ]
