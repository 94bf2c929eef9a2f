"""A whole source of GOV.UK's to what an import sends: content types, then documents, the targets of links first.

Everything is held in memory: which document a link leads to is known only when every file was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument
from gazette.content.v1.document_pb2 import LiveState
from server.importer import sources
from server.importer.govuk import documents, items, links, schemas
from server.importer.govuk.items import Item, Pair
from server.importer.sources import JSON, Refusal, Refused, Source

Units = Mapping[Pair, list[tuple[Item, ImportedDocument]]]
"""The revisions of each document, in order."""


@dataclass
class Conversion:
    """What was made of a source."""

    files: int = 0
    content_types: list[ContentType] = field(default_factory=list)
    documents: list[ImportedDocument] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[ImportDocumentsRequest]:
        for content_type in self.content_types:
            yield ImportDocumentsRequest(content_type=content_type)
        for document in self.documents:
            yield ImportDocumentsRequest(document=document)


def read(path: Path, known_schemas: Mapping[str, JSON]) -> Conversion:
    """Reads a file or a folder and converts it."""
    read, refusals = [], []
    files = sources.files(path)
    for file in files:
        name = sources.name(file, path)
        try:
            read.append(Source(name, sources.read(file)))
        except Refused as refused:
            refusals.append(Refusal(name, str(refused)))
    result = convert(read, known_schemas)
    result.files = len(files)
    result.refusals[:0] = refusals
    return result


def convert(read: Iterable[Source], known_schemas: Mapping[str, JSON]) -> Conversion:
    """The same input gives the same output, in the same order, whatever the order of the sources."""
    result = Conversion()
    revisions: defaultdict[Pair, list[Item]] = defaultdict(list)
    for source in sorted(read, key=lambda source: source.name):
        result.files += 1
        try:
            for item in items.items(source):
                revisions[item.pair].append(item)
        except Refused as refused:
            result.refusals.append(Refusal(source.name, str(refused)))
    for each in revisions.values():
        each.sort(key=Item.revision_order)
    known, embedded = links.known(item for each in revisions.values() for item in each)
    for item in embedded:
        revisions[item.pair] = [item]
    units = imported(revisions, known, result.refusals)
    made = [*targets_first(units)]
    result.documents = [document for _, document in made]
    result.content_types, result.notes = schemas.content_types(made, known_schemas)
    return result


def imported(revisions: Mapping[Pair, list[Item]], known: links.Known, refusals: list[Refusal]) -> Units:
    units: defaultdict[Pair, list[tuple[Item, ImportedDocument]]] = defaultdict(list)
    for pair, each in revisions.items():
        for item in each:
            try:
                document = documents.imported(item, known)
            except Refused as refused:
                refusals.append(Refusal(item.source, str(refused)))
            else:
                units[pair].append((item, document))
    return units


def targets_first(units: Units) -> Iterator[tuple[Item, ImportedDocument]]:
    """All revisions, those of a document together and after the documents that it links to, where links run in no circle.
    Redirects come last: one that covers what is below it may lead to a page there, which has to be there first."""
    by_key: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in units:
        by_key[pair.key].append(pair)

    def targets(pair: Pair) -> Iterator[Pair]:
        kinds = units[pair][-1][1].document.links
        for kind in sorted(kinds):
            for key in kinds[kind].translation_keys:
                yield from by_key.get(key, ())

    entered: set[Pair] = set()
    for first in sorted(units, key=lambda pair: units[pair][-1][1].live_state == LiveState.LIVE_STATE_REDIRECTED):
        path = [] if first in entered else [(first, targets(first))]
        entered.add(first)
        while path:
            pair, ahead = path[-1]
            target = next((each for each in ahead if each not in entered), None)
            if target is None:
                path.pop()
                yield from units[pair]
            else:
                entered.add(target)
                path.append((target, targets(target)))
