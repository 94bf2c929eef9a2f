"""What a revision refers to, found in what it says: pure, and bounded whatever that is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

from gazette.content.v1.reference_pb2 import ReferenceKind
from server.content.references.written import UUID, named
from server.rpc.objects import loaded

DOCUMENT = ReferenceKind.REFERENCE_KIND_DOCUMENT
PATH = ReferenceKind.REFERENCE_KIND_PATH
FILE = ReferenceKind.REFERENCE_KIND_FILE
BLOCK = ReferenceKind.REFERENCE_KIND_BLOCK

MAX_REFERENCES = 2_000
"""Of one revision: what is beyond is not kept. Links, attachments and links by id come before paths written by hand."""
MAX_LOOKED_AT = 20_000
"""Links of a text that are looked at, also where they are all the same."""

HREF = re.compile(r'<(?:a|img) [^>]*?(?:href|src)="(/[^"]*)"')
"""Of sanitised HTML."""
RAW_PATH = re.compile(r"""(?:\]\(\s?<?|\]:\s?|(?:href|src)\s?=\s?\\?["']?)(/[^\s"'<>()\\]*)""")
"""Of Markdown and HTML as authors write it."""
RAW_ID = re.compile(rf"(?:\b(document|file):|\[\[(block):)({UUID})")
SITE_PATH = re.compile(r"/|(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")
FILE_PATH = re.compile(rf"/v1/files/({UUID})(?:/versions/[0-9]+)?(?:/renditions/[a-z0-9.-]+)?(?::[a-z]+)?")
MAX_PATH = 512
KINDS = {"document": DOCUMENT, "file": FILE, "block": BLOCK}


class Found(NamedTuple):
    """A reference."""

    field: str
    kind: int
    target_id: uuid.UUID | None = None
    target_path: str | None = None


def found(words: Mapping[str, Any], html: str | None, details: bytes = b"") -> list[Found]:
    """What the words refer to, given what the body was rendered as (None: it is looked for in the body as it was written), and
    the details as bytes in which strings stand as they are, where they may hold HTML."""
    body = in_html(html) if html is not None else in_text("body", words["body"])
    more = paths("details", RAW_PATH, details.decode("utf-8", "replace")) if details else ()
    every = chain(by_links(words), (Found("attachments", FILE, id) for id in words["attachments"]), body, more)
    return [*islice(dict.fromkeys(every), MAX_REFERENCES)]


def by_links(words: Mapping[str, Any]) -> Iterator[Found]:
    for kind, keys in loaded(words["links"]).items():
        yield from (Found(f"links.{kind}", DOCUMENT, uuid.UUID(key)) for key in keys)


def in_html(html: str) -> Iterator[Found]:
    ids = named(html)
    yield from (Found("body", DOCUMENT, uuid.UUID(id)) for id in sorted(ids.documents))
    yield from (Found("body", FILE, uuid.UUID(id)) for id in ids.files)
    yield from (Found("body", BLOCK, uuid.UUID(id)) for id in sorted(ids.blocks))
    yield from paths("body", HREF, html)


def in_text(field: str, text: str) -> Iterator[Found]:
    for match in islice(RAW_ID.finditer(text), MAX_LOOKED_AT):
        yield Found(field, KINDS[match[1] or match[2]], uuid.UUID(match[3]))
    yield from paths(field, RAW_PATH, text)


def paths(field: str, pattern: re.Pattern[str], text: str) -> Iterator[Found]:
    """Of what is written by hand."""
    for written in distinct(match[1] for match in islice(pattern.finditer(text), MAX_LOOKED_AT)):
        path = written.partition("#")[0].partition("?")[0]
        if file := FILE_PATH.fullmatch(path):
            yield Found(field, FILE, uuid.UUID(file[1]), path)
            continue
        path = path.rstrip("/") or "/"
        if len(path) <= MAX_PATH and SITE_PATH.fullmatch(path):
            yield Found(field, PATH, target_path=path)


def distinct(values: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(values)
