"""What links of one text say, and where they lead."""

from __future__ import annotations

import re
from typing import NamedTuple

from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from server.content.publish_checks.findings import Findings, Place
from server.content.publish_checks.outline import Element, Outline
from server.content.publish_checks.sources import Source
from server.content.publish_checks.structure import add

SAY_NOTHING = {
    "en": {
        "click", "click here", "click here for more", "click this link", "continue", "continue reading", "details", "download",
        "find out more", "follow this link", "go", "here", "learn more", "link", "more", "more details", "more info",
        "more information", "page", "read", "read more", "read on", "see here", "see more", "this", "this link", "this page",
        "view", "view more", "visit", "website",
    },
    "cy": {
        "cliciwch", "cliciwch yma", "cliciwch yma i ddarllen mwy", "darllen mwy", "darllen rhagor", "darllenwch fwy",
        "darllenwch ragor", "dolen", "dysgu mwy", "gweld mwy", "gwybodaeth bellach", "lawrlwytho", "mwy", "mwy o wybodaeth",
        "rhagor", "rhagor o wybodaeth", "y ddolen hon", "y dudalen hon", "yma",
    },
    "de": {
        "dieser link", "diese seite", "download", "hier", "hier klicken", "klicken sie hier", "klick hier", "lesen sie mehr",
        "link", "mehr", "mehr dazu", "mehr details", "mehr erfahren", "mehr info", "mehr infos", "mehr informationen",
        "mehr lesen", "siehe hier", "weiter", "weitere informationen", "weiterlesen", "zum artikel",
    },
    "fr": {
        "ce lien", "cette page", "cliquer ici", "cliquez ici", "cliquez-ici", "en savoir plus", "en voir plus", "ici",
        "la suite", "lien", "lire", "lire la suite", "lire plus", "plus", "plus d'infos", "plus d'information",
        "plus d'informations",
        "plus de détails", "savoir plus", "suite", "télécharger", "voir", "voir ici", "voir plus",
    },
    "es": {
        "aquí", "clic aquí", "descargar", "enlace", "este enlace", "esta página", "haga clic", "haga clic aquí",
        "haz clic aquí", "leer", "leer más", "más", "más detalles", "más info", "más información", "pulse aquí", "pinche aquí",
        "saber más",
        "seguir leyendo", "siga leyendo", "ver", "ver aquí", "ver más",
    },
}  # fmt: skip
"""By language; links of other languages are not judged by what they say. An author who writes English words elsewhere is."""
EVERYWHERE = {"click here", "read more", "here"}
EDGES = " \t\n.,;:!?…>»«›‹→⟶“”\"'()[]"
ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.(?:gov|com|org|net|uk|eu|de|fr|es|wales|cymru)(?:/\S*)?", re.I
)
APOSTROPHES = str.maketrans({"\u2019": "'", "\u00a0": " "})
NOTES = {"doc-noteref", "doc-backlink"}
"""Links of footnotes, which rendering makes."""
MOST_SAYINGS = 5_000
"""Different texts of links that are remembered, to see whether each leads to one place."""


class Link(NamedTuple):
    """A link that leads somewhere."""

    address: str
    element: Element
    place: Place


def links_of(found: Outline) -> list[Element]:
    """Those that readers are to name."""
    attributes = [each.attributes for each in found.links]
    hidden = [each.get("role") in NOTES or each.get("aria-hidden") == "true" for each in attributes]
    return [each for each, is_hidden in zip(found.links, hidden, strict=True) if not is_hidden]


class Wording:
    """Judges links of all texts of a document."""

    def __init__(self, locale: str) -> None:
        self.words = SAY_NOTHING.get(locale.partition("-")[0], set()) | EVERYWHERE
        self.leads: dict[str, str] = {}
        """What each text of a link led to when it came first."""

    def check(self, found: Outline, source: Source, place: Place, findings: Findings) -> None:
        for each in links_of(found):
            said = plain(each.label)
            if not each.label and not each.attributes.get("aria-labelledby"):
                title = each.attributes.get("title", "").strip()
                message = "the link has no text" + ("; its title is not read out everywhere" if title else "")
                add(findings, Check.PUBLISH_CHECK_LINK_WITHOUT_TEXT, message, each, source, place)
            elif said in self.words:
                message = "the link's text says nothing of where it leads"
                add(findings, Check.PUBLISH_CHECK_LINK_TEXT_SAYS_NOTHING, message, each, source, place, each.label)
            elif ADDRESS.fullmatch(each.label):
                message = "the link's text is an address; say what is there"
                add(findings, Check.PUBLISH_CHECK_LINK_TEXT_IS_ADDRESS, message, each, source, place, each.label)
            elif any(map(str.isalpha, said)):
                self.compare(said, each, source, place, findings)

    def compare(self, said: str, link: Element, source: Source, place: Place, findings: Findings) -> None:
        address = link.attributes.get("href", "")
        before = self.leads.get(said)
        if before is None:
            if len(self.leads) < MOST_SAYINGS:
                self.leads[said] = address
        elif before != address:
            message = f"another link says the same, and leads to {before[:80]}"
            add(findings, Check.PUBLISH_CHECK_LINK_TEXT_AMBIGUOUS, message, link, source, place, link.label)


def plain(said: str) -> str:
    return " ".join(said.translate(APOSTROPHES).casefold().strip(EDGES).split())
