"""How hard a text is to read: its LIX (Björnsson 1968), and its long sentences.

LIX is words a sentence, plus how many of a hundred words have more than six letters. It needs no dictionary, and means about
the same in the languages of Western Europe: below 30 very easy, to 40 easy, to 50 like newspapers, to 60 hard, above very hard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from server.content.publish_checks.findings import BODY, Findings, Place
from server.content.publish_checks.outline import Outline, Run
from server.content.publish_checks.sources import Source

LIX_LANGUAGES = {"da", "de", "en", "es", "fi", "fr", "it", "nb", "nn", "no", "pt", "ru", "sv"}
"""For which the measure was compared (Björnsson 1983). Of others it is told, and not judged."""
SENTENCE_LANGUAGES = LIX_LANGUAGES | {"ca", "cs", "cy", "et", "ga", "gd", "gv", "kw", "lt", "lv", "nl", "pl", "sk", "sl"}
"""Written with spaces between words and these ends of sentences."""
RUNNING = {"", "p", "li", "dd", "div", "blockquote", "section", "article", "aside"}
NOT_RUNNING = {"table", "figure", "nav", "pre", "address", "caption", "summary"}
FEW_WORDS = 100
"""Below which a LIX says nothing."""
LONG_WORD = 6
"""Letters beyond which a word is long."""
WORD = re.compile(r"[^\W_]+(?:[-'’.&/·][^\W_]+)*")
END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?= [\"'“‘«¿¡(\[]*+([^\W_]))")
ABBREVIATIONS = {
    "abs", "approx", "av", "bzw", "ca", "cf", "dr", "dra", "e.e", "e.g", "ee", "env", "etc", "evtl", "ex", "ggf", "h.y", "i.e",
    "inc", "inkl", "jr", "ltd", "mr", "mrs", "ms", "núm", "prof", "pág", "rev", "sr", "sra", "st", "str", "tél", "usw", "uu",
    "vgl", "vs",
}  # fmt: skip
"""What a full stop often stands behind that ends no sentence; behind one letter alone it ends none either."""
BEFORE_NUMBERS = {
    "art", "arts", "fig", "figs", "no", "nos", "nr", "p", "para", "paras", "pp", "vol", "vols",
}  # fmt: skip
"""The same, before a number."""
LONGEST = 12
"""Characters of an abbreviation and what it stands behind."""
OPENING = "(\"'“‘«["


class Reading(NamedTuple):
    """The counts of a text."""

    words: int
    sentences: int
    long_words: int

    @property
    def lix(self) -> int:
        if not self.words:
            return 0
        # In whole numbers: the same everywhere, to the last digit.
        return (2 * self.words * self.words + 200 * self.long_words * self.sentences + self.words * self.sentences) // (
            2 * self.words * self.sentences
        )


class Readability:
    """Counts all texts of a document."""

    def __init__(self, locale: str, most_words: int) -> None:
        self.language = locale.partition("-")[0]
        self.most_words = most_words
        self.words = self.sentences = self.long_words = 0

    def check(self, found: Outline, source: Source, place: Place, findings: Findings) -> None:
        is_judged = self.language in SENTENCE_LANGUAGES
        for run in found.runs:
            if not is_running(run):
                continue
            words = WORD.findall(run.text)
            self.words += len(words)
            self.long_words += len([1 for each in words if len(each) > LONG_WORD])
            for sentence in sentences(run.text) if words else ():
                self.sentences += 1
                if is_judged and sentence.count(" ") >= self.most_words:
                    self.judge(sentence, run, source, place, findings)

    def judge(self, sentence: str, run: Run, source: Source, place: Place, findings: Findings) -> None:
        words = len(WORD.findall(sentence))
        if words <= self.most_words:
            return
        check = Check.PUBLISH_CHECK_SENTENCE_LONG
        line = source.line_of_words(sentence) if findings.has_room(check) else 0
        element = f"(//{run.block})[{run.number}]" if run.number else ""
        message = f"the sentence has {words} words, and more than {self.most_words}"
        findings.add(check, message, place, element, sentence, line)

    @property
    def reading(self) -> Reading:
        return Reading(self.words, self.sentences, self.long_words)

    def conclude(self, threshold: int, findings: Findings) -> None:
        reading = self.reading
        if self.language in LIX_LANGUAGES and reading.words >= FEW_WORDS and reading.lix > threshold:
            message = f"the text's LIX is {reading.lix}, above {threshold}: shorter sentences and words help"
            findings.add(Check.PUBLISH_CHECK_READING_LEVEL, message, Place(BODY))


def is_running(run: Run) -> bool:
    return run.block in RUNNING and not run.is_code and NOT_RUNNING.isdisjoint(run.path)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a passage that has words; what has none belongs to the one before."""
    begin = 0
    for end in END.finditer(text):
        if end[1].islower() or (end[0][0] == "." and is_abbreviated(text, begin, end)):
            continue
        if begin or WORD.search(text, begin, end.end()):
            yield text[begin : end.end()]
            begin = end.end()
    if not begin or WORD.search(text, begin):
        yield text[begin:]


def is_abbreviated(text: str, begin: int, end: re.Match[str]) -> bool:
    """Whether the full stop is one of the word before it, rather than of the sentence."""
    at = end.start()
    word = text[text.rfind(" ", max(begin, at - LONGEST), at) + 1 : at].lstrip(OPENING).casefold()
    if len(word) == 1:
        return word.isalpha()
    return word in ABBREVIATIONS or (word in BEFORE_NUMBERS and end[1].isdigit())
