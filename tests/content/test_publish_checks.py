"""Publish checks of texts: each one finds what it is to find, with where it is, and nothing in what is right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.content.publish_checks.registry import CHECKS, name
from tests.content.examining import HTML, ORIGIN, Said, look, named

LONG = "This sentence goes on " + "and on " * 12 + "to its end."
RUSSIAN = "Это предложение написано по-русски, и в нём достаточно букв."
HARD = "Administrative responsibilities necessitate comprehensive organisational understanding throughout departments. " * 15
TABLE = "<table><tr><th>Year</th><th>Fee</th></tr><tr><td>2025</td><td>£5</td></tr></table>"

FOUND: Sequence[tuple[str, Said, tuple[int, str, str]]] = [
    ("IMAGE_WITHOUT_ALTERNATIVE", Said("One.\n\n![](/a.png)"), (3, "(//img)[1]", "/a.png")),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('<p>\n<img src="/a.png">', HTML), (2, "(//img)[1]", "/a.png")),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said("![a](/a.png)\n\n![](/a.png)"), (3, "(//img)[2]", "/a.png")),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('<img src="/b.png" alt="">\n\n![](/a.png)'), (3, "(//img)[2]", "/a.png")),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('<img src="/a.png" alt="  ">', HTML), (1, "(//img)[1]", "/a.png")),
    ("IMAGE_ALTERNATIVE_SAYS_NOTHING", Said("![IMG_0123.JPG](/a.jpg)"), (1, "(//img)[1]", "IMG_0123.JPG")),
    ("IMAGE_ALTERNATIVE_SAYS_NOTHING", Said("![plan](/files/plan)"), (1, "(//img)[1]", "plan")),
    ("IMAGE_ALTERNATIVE_SAYS_NOTHING", Said("![Image](/a)"), (1, "(//img)[1]", "Image")),
    ("HEADING_LEVEL_SKIPPED", Said("## A\n\na\n\n#### B\n\nb"), (5, "(//h4)[1]", "B")),
    ("HEADING_LEVEL_SKIPPED", Said("### A\n\na"), (1, "(//h3)[1]", "A")),
    ("HEADING_EMPTY", Said("## A\n\na\n\n##\n\nb"), (0, "(//h2)[2]", "")),
    ("HEADING_EMPTY", Said("<h2> <b></b></h2><p>a", HTML), (0, "(//h2)[1]", "")),
    ("HEADING_LEVEL_ONE", Said("# A\n\na"), (1, "(//h1)[1]", "A")),
    ("HEADING_FAKED", Said("a\n\n**Opening times**\n\nb"), (3, "(//p)[2]", "Opening times")),
    ("HEADING_FAKED", Said("<div><p><strong>Fees</strong></p><p>a</div>", HTML), (1, "(//p)[1]", "Fees")),
    ("LINK_WITHOUT_TEXT", Said("a [](/b)"), (1, "(//a)[1]", "/b")),
    ("LINK_WITHOUT_TEXT", Said('<a href="/b"><img src="/c" alt=""></a>', HTML), (1, "(//a)[1]", "/b")),
    ("LINK_TEXT_SAYS_NOTHING", Said("a\n[Click here!](/b)"), (2, "(//a)[1]", "Click here!")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[**Read more…**](/b)"), (1, "(//a)[1]", "Read more…")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[Cliciwch yma](/b)", locale="cy"), (1, "(//a)[1]", "Cliciwch yma")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[hier](/b)", locale="de-AT"), (1, "(//a)[1]", "hier")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[Plus d’informations](/b)", locale="fr"), (1, "(//a)[1]", "Plus d’informations")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[Haga clic aquí](/b)", locale="es"), (1, "(//a)[1]", "Haga clic aquí")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[click here](/b)", locale="pl"), (1, "(//a)[1]", "click here")),
    ("LINK_TEXT_IS_ADDRESS", Said("See https://a.example/b for it."), (1, "(//a)[1]", "https://a.example/b")),
    ("LINK_TEXT_IS_ADDRESS", Said("[www.a.gov/b](https://www.a.gov/b)"), (1, "(//a)[1]", "www.a.gov/b")),
    ("LINK_TEXT_AMBIGUOUS", Said("[Fees](/a)\n[fees](/b)"), (2, "(//a)[2]", "fees")),
    ("TABLE_WITHOUT_HEADERS", Said(TABLE.replace("th>", "td>"), HTML), (1, "(//table)[1]", "Year Fee 2025 £5")),
    ("TABLE_WITHOUT_HEADERS", Said("|||\n|-|-|\n|1|2|"), (3, "(//table)[1]", "1 2")),
    ("TABLE_HEADER_EMPTY", Said("|a||\n|-|-|\n|1|2|"), (1, "(//th)[2]", "a 1 2")),
    ("TABLE_WITHOUT_CAPTION", Said("|a|b|\n|-|-|\n|1|2|"), (1, "(//table)[1]", "a b 1 2")),
    ("LANGUAGE_MALFORMED", Said('a\n<i lang="french_">bon</i>', HTML), (2, "(//i)[1]", "french_")),
    ("LANGUAGE_OF_PAGE", Said(f"{RUSSIAN}\n\n{RUSSIAN}\n\nYes."), (0, "", RUSSIAN)),
    ("LANGUAGE_OF_PARTS", Said(f"{LONG}\n\n{RUSSIAN}"), (3, "(//p)[2]", RUSSIAN)),
    ("LANGUAGE_OF_PARTS", Said(f"{RUSSIAN * 3}\n\nThis passage is in English, without saying so.", locale="ru"),
     (3, "(//p)[2]", "This passage is in English, without saying so.")),
    ("ANCHOR_DEAD", Said("## A\n\n[to B](#b)"), (3, "(//a)[1]", "to B")),
    ("SECTION_EMPTY", Said("## A\n\n## B\n\nb"), (1, "(//h2)[1]", "A")),
    ("SECTION_EMPTY", Said("## A\n\na\n\n### B"), (5, "(//h3)[1]", "B")),
    ("MEMBER_EMPTY", Said(details={"parts": [{"title": "a"}, {"title": " "}]}, required=["/parts/*/title"]), (0, "", "")),
    ("READING_LEVEL", Said(HARD), (0, "", "")),
    ("SENTENCE_LONG", Said(f"Short.\n\n{LONG}"), (3, "(//p)[2]", "This sentence goes on")),
    ("SENTENCE_LONG", Said(f"- {LONG}", locale="cy"), (1, "(//li)[1]", "This sentence goes on")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "said", "where"), FOUND)
def test_what_is_found(check: str, said: Said, where: tuple[int, str, str]) -> None:
    """Each check finds it once, with the line on which it was written, the element and what stands there."""
    (found,) = named(said)[check]
    line, element, excerpt = where
    assert (found.line, found.element) == (line, element)
    assert found.excerpt.startswith(excerpt) if excerpt else not found.excerpt
    assert found.message
    assert found.place.field == ("document.details.parts[1].title" if check == "MEMBER_EMPTY" else "document.body")


RIGHT: Sequence[tuple[str, Said]] = [
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('![a ship](/a.png)\n\n<img src="/line.png" alt="">')),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('<img src="/a.png" role="presentation"><img src="/b.png" aria-hidden="true">', HTML)),
    ("IMAGE_WITHOUT_ALTERNATIVE", Said('<img src="/a.png" aria-label="a ship"><img src="/line.png" alt="">', HTML)),
    ("IMAGE_ALTERNATIVE_SAYS_NOTHING", Said("![The image of a ship](/ship.png)")),
    ("HEADING_LEVEL_SKIPPED", Said("## A\n\na\n\n### B\n\nb\n\n#### C\n\nc\n\n## D\n\nd")),
    ("HEADING_LEVEL_SKIPPED", Said(details={"a": "<h3>A</h3><p>a"}, html_members=["/a"])),
    ("HEADING_EMPTY", Said('## ![a ship](/a.png)\n\na')),
    ("HEADING_LEVEL_ONE", Said("## A\n\na")),
    ("HEADING_FAKED", Said("**Do this first.**\n\na **b**\n\n- **c**\n- d\n\n**The end**")),
    ("LINK_WITHOUT_TEXT", Said('<a href="/b"><img src="/c" alt="c"></a> <a href="/d" aria-label="d"></a>', HTML)),
    ("LINK_WITHOUT_TEXT", Said('<a href="/b" aria-hidden="true"><img src="/c" alt=""></a> <a id="here"></a>', HTML)),
    ("LINK_TEXT_SAYS_NOTHING", Said("[more about fees](/a) and [here in Hull](/b)")),
    ("LINK_TEXT_SAYS_NOTHING", Said("[hier](/b)")),
    ("LINK_TEXT_IS_ADDRESS", Said("[the register](https://a.example/b) or <desk@example.gov>")),
    ("LINK_TEXT_AMBIGUOUS", Said("[Fees](/a), [Fees](/a), a note[^1] and another[^2].\n\n[^1]: x\n\n[^2]: y")),
    ("TABLE_WITHOUT_HEADERS", Said(TABLE, HTML)),
    ("TABLE_WITHOUT_HEADERS", Said('<table role="presentation"><tr><td>a</td></tr></table>', HTML)),
    ("TABLE_HEADER_EMPTY", Said("||a|\n|-|-|\n|1|2|")),
    ("TABLE_WITHOUT_CAPTION", Said(TABLE.replace("<table>", "<table><caption>Fees</caption>"), HTML)),
    ("LANGUAGE_MALFORMED", Said('<i lang="fr">bon</i> <i lang="zh-Hant">x</i> <i lang="">y</i>', HTML)),
    ("LANGUAGE_OF_PAGE", Said(f"{RUSSIAN}\n\n{RUSSIAN}", locale="ru")),
    ("LANGUAGE_OF_PAGE", Said(f'<p lang="ru">{RUSSIAN}</p><p>Yes.', HTML)),
    ("LANGUAGE_OF_PARTS", Said(f'{LONG}\n\n<p lang="ru">{RUSSIAN}</p>')),
    ("LANGUAGE_OF_PARTS", Said(f"{LONG} The word is привет.")),
    ("LANGUAGE_OF_PARTS", Said(f"{LONG}\n\n{RUSSIAN}", locale="iu")),
    ("ANCHOR_DEAD", Said("## A b\n\n[to A](#a-b), [up](#), [top](#top) and [there](/c#d)")),
    ("ANCHOR_DEAD", Said("[there](#part)", details={"a": '<p id="part">a'}, html_members=["/a"])),
    ("SECTION_EMPTY", Said("## A\n\n### B\n\n![a ship](/a.png)\n\n## C\n\n---")),
    ("MEMBER_EMPTY", Said(details={"parts": [{"title": "a"}]}, required=["/parts/*/title", "/none"])),
    ("READING_LEVEL", Said("The cat sat on the mat. " * 50)),
    ("READING_LEVEL", Said(HARD, locale="cy")),
    ("READING_LEVEL", Said(HARD[:500])),
    ("SENTENCE_LONG", Said("This is short. So is this. And e.g. this, by Dr. A. Person. " * 5)),
    ("SENTENCE_LONG", Said(f"> | a |\n> |-|\n> | {LONG} |\n\n    {LONG}")),
    ("SENTENCE_LONG", Said(LONG, locale="tr")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "said"), RIGHT)
def test_what_is_right(check: str, said: Said) -> None:
    """The check finds nothing there."""
    assert check not in named(said)


def test_each_check_of_texts_is_tried_both_ways() -> None:
    """The two tables have each check but those that ask the site."""
    of_the_site = {each for each in map(name, CHECKS) if each.startswith(("ATTACHMENT", "LINK_TARGET", "PDF"))}
    of_the_site |= {"LINK_DEAD", "LINK_REDIRECTED", "LINK_GONE"}
    wanted = {name(check) for check in CHECKS} - of_the_site
    assert {check for check, _, _ in FOUND} == wanted
    assert {check for check, _ in RIGHT} == wanted


def test_members_that_hold_html() -> None:
    """A problem in a member of details is named by its field, its JSON Pointer and the line of that text."""
    parts = [{"body": "<p>a"}, {"body": '<p>\n<img src="/a.png">'}]
    said = Said(details={"a/b": parts}, html_members=["/a~1b/*/body"])
    (found,) = named(said)["IMAGE_WITHOUT_ALTERNATIVE"]
    assert (found.place.field, found.place.pointer) == ("document.details.a/b[1].body", "/a~1b/1/body")
    assert found.line == 2


def test_the_first_problems_are_kept_and_all_are_counted() -> None:
    """Of one check ten are named, in the order of the text."""
    found = look(Said("\n\n".join(f"![](/{number}.png)" for number in range(30)))).findings
    (check,) = {each.check for each in found.kept}
    assert [each.excerpt for each in found.kept] == [f"/{number}.png" for number in range(10)]
    assert found.counts[check] == 30


def test_the_counts_of_a_text() -> None:
    """Words and sentences are those of running text alone; the LIX is rounded from whole numbers."""
    reading = look(
        Said("## Not this heading\n\nThe harbour opens early. It closes at noon.\n\n| not | this |\n|-|-|\n| a | b |")
    ).reading
    assert (reading.words, reading.sentences, reading.long_words) == (8, 2, 1)
    assert reading.lix == 17  # 8 / 2 + 100 / 8 = 16.5
    assert look(Said("")).reading.lix == 0


def test_links_of_this_site() -> None:
    """Links to this site are those that begin with a path or with its own name; all others are left alone."""
    body = f"[a](/a) [b]({ORIGIN}/b?c#d) [c]({ORIGIN}) [d]({ORIGIN}.evil/e) [e](//f/g) [f](mailto:a@b.c) [g](h/i) [h](/a) [i](HTTPS://x.y)"
    links = look(Said(body)).links
    assert [(each.address, each.times) for each in links] == [("/a", 2), ("/b?c#d", 1), ("/", 1), ("h/i", 1)]
