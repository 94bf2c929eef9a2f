"""HTML as a browser would build it, near enough to judge what sanitising left: elements with their attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]


@dataclass
class Dom(HTMLParser):
    """Every element of a document, in order, and its text."""

    html: str
    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def dangers(self) -> list[str]:
        """What could run, load or pose as the site."""
        return [danger for element in self.elements for danger in dangers_of(element)]


RUNNING = {"base", "embed", "form", "iframe", "link", "math", "meta", "object", "script", "style", "svg", "template"}
RUNNING |= {"button", "input"}
LINKS = {"action", "background", "cite", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href"}


def dangers_of(element: Element) -> list[str]:
    found = [element.tag] if element.tag in RUNNING else []
    for name, value in element.attributes.items():
        scheme, colon, _ = "".join(value.split()).lower().partition(":")
        is_strange = colon and scheme not in {"http", "https", "mailto", "tel"} and not set(scheme) & set("/?#")
        if name.startswith(("on", "data-")) or name in {"style", "name", "srcdoc"} or (name in LINKS and is_strange):
            found.append(f"{element.tag} {name}={value}")
    return found
