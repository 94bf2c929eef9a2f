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
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|approx|vs|st|mr|mrs|ms|dr|prof|rev|sr|jr|inc|ltd|ca|bzw|z\.\s?b|d\.\s?h|u\.\s?a|str|evtl|ggf|inkl|"
    r"usw|vgl|p\.\s?ex|par\s?ex|env|tél|sra|dra|av|ee\.\s?uu|h\.y|e\.e)|\b[^\W\d_])\Z",
    re.IGNORECASE,
)
"""What a full stop often stands behind that ends no sentence; one letter alone, too."""
LONGEST = 12
"""Characters of an abbreviation."""
BEFORE_NUMBERS = re.compile(r"\b(?:nos?|nr|paras?|arts?|figs?|vols?|pp?|abs|pág|núm)\Z", re.IGNORECASE)
"""The same, before a number."""


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
        for run in found.runs:
            if is_running(run):
                for sentence in sentences(run.text):
                    self.count(sentence, run, source, place, findings)

    def count(self, sentence: str, run: Run, source: Source, place: Place, findings: Findings) -> None:
        words = WORD.findall(sentence)
        if not words:
            return
        self.words += len(words)
        self.sentences += 1
        self.long_words += sum(len(each) > LONG_WORD for each in words)
        if len(words) <= self.most_words or self.language not in SENTENCE_LANGUAGES:
            return
        check = Check.PUBLISH_CHECK_SENTENCE_LONG
        line = source.line_of_words(sentence) if findings.has_room(check) else 0
        element = f"(//{run.block})[{run.number}]" if run.number else ""
        findings.add(
            check, f"the sentence has {len(words)} words, and more than {self.most_words}", place, element, sentence, line
        )

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
    """The sentences of a passage."""
    begin = 0
    for end in END.finditer(text):
        if end[1].islower() or (end[0].startswith(".") and is_abbreviated(text, begin, end)):
            continue
        yield text[begin : end.end()]
        begin = end.end()
    yield text[begin:]


def is_abbreviated(text: str, begin: int, end: re.Match[str]) -> bool:
    """Whether the full stop is one of what stands before it, rather than of the sentence."""
    where = max(begin, end.start() - LONGEST), end.start()
    return bool(ABBREVIATION.search(text, *where) or (end[1].isdigit() and BEFORE_NUMBERS.search(text, *where)))
