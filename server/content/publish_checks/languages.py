"""In which languages a text says that it is, and in which scripts it is written."""

from __future__ import annotations

from functools import lru_cache

import regex
from langcodes import Language

from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from server.content.publish_checks.findings import Findings, Place
from server.content.publish_checks.outline import Outline, Run
from server.content.publish_checks.sources import Source
from server.rpc.texts import languages
from server.rpc.texts.characters import Unfit

FEW_LETTERS = 30
"""Of a passage that is judged: names and words of other languages stand in every text."""
LETTER = regex.compile(r"[\p{L}]")
SCRIPTS = {
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Hrkt": ("Hiragana", "Katakana"),
    "Kore": ("Hangul", "Han"),
    "Hans": ("Han",),
    "Hant": ("Han", "Bopomofo"),
    "Latn": ("Latin",),
    "Cyrl": ("Cyrillic",),
    "Grek": ("Greek",),
    "Arab": ("Arabic",),
    "Aran": ("Arabic",),
    "Hebr": ("Hebrew",),
    "Deva": ("Devanagari",),
    "Beng": ("Bengali",),
    "Guru": ("Gurmukhi",),
    "Gujr": ("Gujarati",),
    "Orya": ("Oriya",),
    "Taml": ("Tamil",),
    "Telu": ("Telugu",),
    "Knda": ("Kannada",),
    "Mlym": ("Malayalam",),
    "Sinh": ("Sinhala",),
    "Thai": ("Thai",),
    "Laoo": ("Lao",),
    "Tibt": ("Tibetan",),
    "Mymr": ("Myanmar",),
    "Khmr": ("Khmer",),
    "Geor": ("Georgian",),
    "Armn": ("Armenian",),
    "Ethi": ("Ethiopic",),
    "Mong": ("Mongolian",),
    "Thaa": ("Thaana",),
}
"""The scripts of ISO 15924 that locales are written in, as Unicode calls their letters. Other locales are not judged."""


@lru_cache(1_000)
def script_of(locale: str) -> tuple[str, ...]:
    """The scripts that the locale is written in, as Unicode names them; nothing where they are not known here."""
    try:
        return SCRIPTS.get(Language.get(locale).maximize().script or "", ())
    except ValueError:
        return ()


@lru_cache(100)
def letters_of(scripts: tuple[str, ...]) -> regex.Pattern[str]:
    return regex.compile("[" + "".join(rf"\p{{Script={each}}}" for each in scripts) + "]")


def check_tags(found: Outline, source: Source, place: Place, findings: Findings) -> None:
    """Each `lang` is a tag of a language; an empty one says that none is known."""
    for each in found.languages:
        tag = each.attributes["lang"]
        if is_malformed(tag):
            check = Check.PUBLISH_CHECK_LANGUAGE_MALFORMED
            line = source.line_of_address(tag, 1) if findings.has_room(check) else 0
            findings.add(check, "the `lang` is no tag of a language, such as cy or en-GB", place, each.xpath, tag, line)


@lru_cache(1_000)
def is_malformed(tag: str) -> bool:
    try:
        return bool(tag) and not languages.canonical(tag)
    except Unfit:
        return True


class Scripts:
    """Counts in which script the texts of a document are."""

    def __init__(self, locale: str) -> None:
        self.scripts = script_of(locale)
        self.locale = locale
        self.own = self.foreign = 0
        self.plain: list[str] = []
        """Texts of ASCII alone, whose letters are counted if it comes to that."""
        self.first: tuple[Run, Place] | None = None
        self.parts = Findings()

    def check(self, found: Outline, source: Source, place: Place) -> None:
        if not self.scripts:
            return
        is_latin = self.scripts == ("Latin",)
        for run in found.runs:
            if run.is_code:
                continue
            if is_latin and run.own.isascii():
                self.plain.append(run.own)
                continue
            letters = len(LETTER.findall(run.own))
            own = min(len(letters_of(self.scripts).findall(run.own)), letters)
            self.own += own
            self.foreign += letters - own
            if letters >= FEW_LETTERS and own * 2 < letters:
                self.first = self.first or (run, place)
                check = Check.PUBLISH_CHECK_LANGUAGE_OF_PARTS
                line = source.line_of_words(run.own) if self.parts.has_room(check) else 0
                element = f"(//{run.block})[{run.number}]" if run.number else ""
                message = f"the passage is not in the script of {self.locale}; say its language with `lang`"
                self.parts.add(check, message, place, element, run.own, line)

    def conclude(self, findings: Findings) -> None:
        """The parts, unless the whole is what is wrong."""
        if self.first is not None:
            self.own += sum(sum(map(str.isalpha, each)) for each in self.plain)
        if self.first is None or self.foreign <= self.own:
            findings.extend(self.parts)
            return
        run, place = self.first
        message = f"most of the text is not in the script of the document's locale, {self.locale}"
        findings.add(Check.PUBLISH_CHECK_LANGUAGE_OF_PAGE, message, place, "", run.own)
