"""The forms of texts, and what is none: real writing of many scripts passes unchanged, and what hides or misleads is named."""

from __future__ import annotations

import unicodedata

import pytest
from langcodes import Language

from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, UpdateDocumentRequest
from gazette.content.v1.document_pb2 import Document
from gazette.text.v1.text_pb2 import TextKind
from server.rpc.failures import InvalidArgument
from server.rpc.objects import TooManyValues
from server.rpc.requests.settling import FEW_CHARACTERS, settle, settled
from server.rpc.texts import languages
from server.rpc.texts.characters import Unfit
from server.rpc.texts.forms import FORMS, data, folded, line, markup, paragraphs, tag
from tests.writing import FORMS as BECOMES
from tests.writing import HONEST, INVISIBLE, NASTY, NO_LINES

PEOPLE = (line, paragraphs, markup, data, tag)
LANGUAGES = {
    "en": "en", "en-gb": "en-GB", "EN-GB": "en-GB", "En_".rstrip("_"): "en", "iw": "he", "ji": "yi", "in": "id", "eng": "en",
    "cym": "cy", "wel": "cy", "zh-hant-tw": "zh-Hant-TW", "zh-cmn-Hans": "zh-Hans", "zh-min-nan": "nan", "i-klingon": "tlh",
    "sr-latn": "sr-Latn", "en-latn": "en", "es-419": "es-419", "de-1996": "de-1996", "ca-valencia": "ca-valencia",
    "en-x-plain": "en-x-plain", "de-dd": "de-DE", " cy ": "cy", "": "", "en-u-ca-buddhist": "en-u-ca-buddhist",
}  # fmt: skip
NO_LANGUAGES = [
    "en_GB", "english", "e", "en-", "-en", "en--gb", "en-gb-gb-gb", "ende", "123", "ën", "en-" + "a" * 40, "x" * 10_000,
    "de-1901-1901", "en-a-bb-a-cc", "en gb", "en\n-gb", "cy\0", "*",
]  # fmt: skip


@pytest.mark.parametrize("form", PEOPLE)
def test_what_people_write_stays_as_it_is(form: object) -> None:
    """Dozens of real lines in many scripts come back to the character (C11)."""
    assert len(HONEST) > 30
    for text in HONEST:
        same = " ".join(text.split()) if form is tag else text
        assert form(text) == same, ascii(text)  # type: ignore[operator]
        assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("form", PEOPLE)
def test_what_is_no_text_is_named(form: object) -> None:
    """Controls, overrides, what is left open, what hides text and what is no character are refused by their names (C11)."""
    for text, named in NASTY.items():
        with pytest.raises(Unfit, match=named.replace("+", r"\+")):
            form(text)  # type: ignore[operator]


def test_lines_and_paragraphs() -> None:
    """A line has no breaks; paragraphs have line feeds for what ends lines, and tabs; of markup the beginning counts (C11)."""
    for text, named in NO_LINES.items():
        for form in (line, tag):
            with pytest.raises(Unfit, match=named.replace("+", r"\+")):
                form(text)
        assert paragraphs(text) == text
    assert paragraphs("\r\n one\r\ntwo\rthree\t\n") == "one\ntwo\nthree"
    assert markup("\ufeff    code\r\n\n* item  \n") == "    code\n\n* item  \n"
    assert data(" \ufeffa\r\n") == " \ufeffa\n"
    assert tag(" sea\u00a0 \u3000fishing ") == "sea fishing"
    assert [line(text) for text in BECOMES] == [*BECOMES.values()]
    assert all(line(line(text)) == line(text) for text in BECOMES)


def test_codes_tokens_and_passwords() -> None:
    """A code is the same however it was typed or pasted; of a token what is around it is taken off; passwords stay."""
    code, token = FORMS[TextKind.TEXT_KIND_CODE], FORMS[TextKind.TEXT_KIND_TOKEN]
    for typed in ("123456", "123 456", " 123\u00a0456\n", "123-456", "１２３４５６", "١٢٣٤٥٦", "12\u200b3456", "123\u2011456"):
        assert code(typed) == "123456"
    assert code(" ABCD-efgh ijkl–mnop ") == "ABCDefghijklmnop"
    assert code("1 " * 200) == "1 " * 200
    assert token("\ufeff AbC-_ d\n") == "AbC-_ d"
    assert FORMS[TextKind.TEXT_KIND_VERBATIM](" e\u0301\u202e ") == " e\u0301\u202e "


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_shows_nothing_is_nothing(text: str) -> None:
    """It is no title and no tag, and as a summary it is empty (C11)."""
    request = CreateDocumentRequest(document=Document(title=text, summary=text, tags=["a", text]))
    wrong = dict(settle(request))
    assert set(wrong) == {"document.title", "document.tags[1]"}
    assert all("nothing that can be seen, but U+" in why or "has no place in a single line" in why for why in wrong.values())
    assert request.document.summary == ""


def test_every_string_of_an_object_is_judged() -> None:
    """Strings and names of members, however deep, are in NFC afterwards, and what is wrong is named by its place (C11)."""
    request = UpdateDocumentRequest()
    request.document.details.update({"cafe\u0301": [{"e\u0301": "e\u0301\r\n"}], "n": 5, "t": True, "z": None})
    assert settled(request).document.details == {"café": [{"é": "é\n"}], "n": 5, "t": True, "z": None}
    request.document.details.update({"a": {"b": ["fine", {"c": "\u202e"}]}})
    ((field, why),) = settle(request)
    assert field == "document.details.a.b[1].c"
    assert why.startswith("U+202E RIGHT-TO-LEFT OVERRIDE (character 1)")
    request.document.details.Clear()
    request.document.details.update({"\u202a": 1})
    assert [each.field for each in settle(request)] == ["document.details"]
    request.document.details.Clear()
    request.document.details.update({"é": 1, "e\u0301": 2})
    with pytest.raises(InvalidArgument, match="two members of one name"):
        settled(request)


def test_tags_that_are_one_word() -> None:
    """Capitals, compatibility forms and what shows nothing make no second tag; other words are others (C11)."""
    for one, two in (
        ("Tea", "tea"),
        ("é", "e\u0301"),
        ("ＡＢ", "ab"),
        ("a\u200bb", "ab"),
        ("STRASSE", "straße"),
        ("a b", "a\u00a0 b"),
    ):
        ((field, why),) = settle(UpdateDocumentRequest(document=Document(tags=["x", one, two])))
        assert (field, why) == ("document.tags[2]", f"is the same as `document.tags[1]`: {line(one)}")
    assert settle(UpdateDocumentRequest(document=Document(tags=["tea", "tee", "té", "coffee"]))) == []
    assert folded("ﬁn") == "fin"


def test_tags_of_languages() -> None:
    """A tag has one canonical form; what is none is refused, underscores with what is meant (C11)."""
    assert {each: languages.canonical(each) for each in LANGUAGES} == LANGUAGES
    assert all(languages.canonical(each) == each for each in LANGUAGES.values())
    for each in NO_LANGUAGES:
        with pytest.raises(Unfit, match=r"BCP 47"):
            languages.canonical(each)
    with pytest.raises(Unfit, match="write en-GB, with hyphens"):
        languages.canonical("en_gb")


def test_languages_that_are_remembered_are_bounded() -> None:
    """However many tags the public asks for, few are kept."""
    for number in range(languages.KEPT + 2_000):
        languages.canonical(f"en-x-{number}")
    assert languages.canonical.cache_info().currsize <= languages.HELD
    assert len(Language._PARSE_CACHE) <= languages.KEPT + 1
    assert languages.canonical("en-gb") == "en-GB"


def test_much_is_looked_at_elsewhere() -> None:
    """More characters than a few milliseconds' worth are not looked at where they arrive; ASCII is soon looked through."""
    settle(CreateDocumentRequest(document=Document(body="a\n" * FEW_CHARACTERS)), FEW_CHARACTERS)
    with pytest.raises(TooManyValues):
        settle(CreateDocumentRequest(document=Document(body="é\n" * FEW_CHARACTERS)), FEW_CHARACTERS)
    assert settle(CreateDocumentRequest(document=Document(body="é\n" * FEW_CHARACTERS))) == []
