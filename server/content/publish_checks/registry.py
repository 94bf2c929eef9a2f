"""The checks: what each means by default, and the criterion of WCAG 2.2 that it concerns. docs/publish-checks.md lists them."""

from __future__ import annotations

from typing import NamedTuple

from gazette.content.v1.publish_check_pb2 import PublishCheck, PublishCheckLevel, PublishProblemSeverity

OFF = PublishCheckLevel.PUBLISH_CHECK_LEVEL_OFF
WARN = PublishCheckLevel.PUBLISH_CHECK_LEVEL_WARN
BLOCK = PublishCheckLevel.PUBLISH_CHECK_LEVEL_BLOCK
MINOR = PublishProblemSeverity.PUBLISH_PROBLEM_SEVERITY_MINOR
MODERATE = PublishProblemSeverity.PUBLISH_PROBLEM_SEVERITY_MODERATE
SERIOUS = PublishProblemSeverity.PUBLISH_PROBLEM_SEVERITY_SERIOUS
CRITICAL = PublishProblemSeverity.PUBLISH_PROBLEM_SEVERITY_CRITICAL

PREFIX = "PUBLISH_CHECK_"


class Criterion(NamedTuple):
    """A success criterion of WCAG 2.2."""

    number: str
    name: str
    level: str


NON_TEXT_CONTENT = Criterion("1.1.1", "Non-text Content", "A")
INFO_AND_RELATIONSHIPS = Criterion("1.3.1", "Info and Relationships", "A")
LINK_PURPOSE_IN_CONTEXT = Criterion("2.4.4", "Link Purpose (In Context)", "A")
PAGE_TITLED = Criterion("2.4.2", "Page Titled", "A")
HEADINGS_AND_LABELS = Criterion("2.4.6", "Headings and Labels", "AA")
LINK_PURPOSE = Criterion("2.4.9", "Link Purpose (Link Only)", "AAA")
LANGUAGE_OF_PAGE = Criterion("3.1.1", "Language of Page", "A")
LANGUAGE_OF_PARTS = Criterion("3.1.2", "Language of Parts", "AA")
READING_LEVEL = Criterion("3.1.5", "Reading Level", "AAA")


class Check(NamedTuple):
    """One check, as it is unless a content type wants it otherwise."""

    level: int
    severity: int
    criterion: Criterion | None
    finds: str
    """What it finds, for people."""
    threshold: int = 0


CHECKS: dict[int, Check] = {
    PublishCheck.PUBLISH_CHECK_IMAGE_WITHOUT_ALTERNATIVE: Check(
        BLOCK, CRITICAL, NON_TEXT_CONTENT, "an image says neither what it shows nor that it is decorative"
    ),
    PublishCheck.PUBLISH_CHECK_IMAGE_ALTERNATIVE_SAYS_NOTHING: Check(
        WARN, MODERATE, NON_TEXT_CONTENT, "an image's alternative text is a file's name, or says only that it is an image"
    ),
    PublishCheck.PUBLISH_CHECK_ATTACHMENT_WITHOUT_ALTERNATIVE: Check(
        WARN, SERIOUS, NON_TEXT_CONTENT, "an attached image has no alternative text"
    ),
    PublishCheck.PUBLISH_CHECK_ATTACHMENT_NOT_READY: Check(
        WARN, SERIOUS, None, "a file that is attached, or named by id, is not there, or has not arrived yet"
    ),
    PublishCheck.PUBLISH_CHECK_PDF_UNTAGGED: Check(
        WARN, SERIOUS, INFO_AND_RELATIONSHIPS, "a PDF is not tagged: programs that read it aloud cannot follow it"
    ),
    PublishCheck.PUBLISH_CHECK_PDF_WITHOUT_TITLE: Check(WARN, MODERATE, PAGE_TITLED, "a PDF does not say its title"),
    PublishCheck.PUBLISH_CHECK_PDF_WITHOUT_LANGUAGE: Check(
        WARN, SERIOUS, LANGUAGE_OF_PAGE, "a PDF does not say its language, so it may be read aloud in another one"
    ),
    PublishCheck.PUBLISH_CHECK_HEADING_LEVEL_SKIPPED: Check(
        WARN, MODERATE, INFO_AND_RELATIONSHIPS, "a heading is more than one level below the one before it"
    ),
    PublishCheck.PUBLISH_CHECK_HEADING_EMPTY: Check(BLOCK, SERIOUS, HEADINGS_AND_LABELS, "a heading says nothing"),
    PublishCheck.PUBLISH_CHECK_HEADING_LEVEL_ONE: Check(
        WARN, MINOR, INFO_AND_RELATIONSHIPS, "a heading of a text is of the first level, which is the title's"
    ),
    PublishCheck.PUBLISH_CHECK_HEADING_FAKED: Check(
        WARN, MODERATE, INFO_AND_RELATIONSHIPS, "a paragraph is all bold, and so looks like a heading"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_WITHOUT_TEXT: Check(
        BLOCK, SERIOUS, LINK_PURPOSE_IN_CONTEXT, "a link holds neither text nor an image that has one"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_TEXT_SAYS_NOTHING: Check(
        WARN, SERIOUS, LINK_PURPOSE, "a link's text says nothing of where it leads, such as “click here”"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_TEXT_IS_ADDRESS: Check(WARN, MINOR, LINK_PURPOSE, "a link's text is an address"),
    PublishCheck.PUBLISH_CHECK_LINK_TEXT_AMBIGUOUS: Check(
        WARN, MODERATE, LINK_PURPOSE, "links say the same and lead to different places"
    ),
    PublishCheck.PUBLISH_CHECK_TABLE_WITHOUT_HEADERS: Check(
        WARN, SERIOUS, INFO_AND_RELATIONSHIPS, "no cell of a table is a header that says something"
    ),
    PublishCheck.PUBLISH_CHECK_TABLE_HEADER_EMPTY: Check(
        WARN, MODERATE, INFO_AND_RELATIONSHIPS, "a table's header says nothing, other than in its first corner"
    ),
    PublishCheck.PUBLISH_CHECK_TABLE_WITHOUT_CAPTION: Check(
        OFF, MINOR, INFO_AND_RELATIONSHIPS, "a table has no caption (Markdown has none)"
    ),
    PublishCheck.PUBLISH_CHECK_LANGUAGE_MALFORMED: Check(
        BLOCK, SERIOUS, LANGUAGE_OF_PARTS, "a `lang` is no tag of a language (BCP 47)"
    ),
    PublishCheck.PUBLISH_CHECK_LANGUAGE_OF_PAGE: Check(
        WARN, SERIOUS, LANGUAGE_OF_PAGE, "a text is mostly in another script than the document's locale is written in"
    ),
    PublishCheck.PUBLISH_CHECK_LANGUAGE_OF_PARTS: Check(
        WARN, MODERATE, LANGUAGE_OF_PARTS, "a passage is in another script, and no `lang` says its language"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_DEAD: Check(WARN, SERIOUS, None, "a link leads to a path of this site that serves nothing"),
    PublishCheck.PUBLISH_CHECK_LINK_REDIRECTED: Check(
        WARN, MINOR, None, "a link leads to a path of this site that leads elsewhere"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_GONE: Check(WARN, SERIOUS, None, "a link leads to a page of this site that is gone"),
    PublishCheck.PUBLISH_CHECK_ANCHOR_DEAD: Check(
        WARN, MODERATE, None, "a link leads to a place on the page that there is not"
    ),
    PublishCheck.PUBLISH_CHECK_LINK_TARGET_NOT_PUBLIC: Check(
        WARN,
        SERIOUS,
        None,
        "what an element of `links`, a link by id or a block names is not public, so the page would not show it",
    ),
    PublishCheck.PUBLISH_CHECK_LINK_TARGET_WITHDRAWN: Check(
        WARN, MINOR, None, "what an element of `links`, or a link by id, names was withdrawn"
    ),
    PublishCheck.PUBLISH_CHECK_SECTION_EMPTY: Check(WARN, MODERATE, None, "nothing stands below a heading"),
    PublishCheck.PUBLISH_CHECK_MEMBER_EMPTY: Check(
        WARN, MODERATE, None, "a member of `details` that the schema requires is an empty text"
    ),
    PublishCheck.PUBLISH_CHECK_READING_LEVEL: Check(
        WARN, MINOR, READING_LEVEL, "the text's LIX is above the threshold: it is hard to read", threshold=60
    ),
    PublishCheck.PUBLISH_CHECK_SENTENCE_LONG: Check(
        WARN, MINOR, READING_LEVEL, "a sentence has more words than the threshold", threshold=25
    ),
}
"""By number, in the order in which their problems are named."""


def name(check: int) -> str:
    """As the contract calls it, without what all names begin with."""
    return PublishCheck.Name(PublishCheck.ValueType(check)).removeprefix(PREFIX)
