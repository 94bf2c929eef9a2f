"""What a revision names of the site: paths that its links lead to, targets of its typed links, files. One statement asks for
all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

import asyncpg

from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from server import delivery, files
from server.content.publish_checks import queries
from server.content.publish_checks.examining import Link, escaped
from server.content.publish_checks.findings import BODY, Findings, Place
from server.content.publish_checks.rules import Setting, is_on
from server.content.references import written
from server.rpc.objects import loaded
from server.stores.statements import Row

LINKS = (Check.PUBLISH_CHECK_LINK_DEAD, Check.PUBLISH_CHECK_LINK_REDIRECTED, Check.PUBLISH_CHECK_LINK_GONE)
TARGETS = (Check.PUBLISH_CHECK_LINK_TARGET_NOT_PUBLIC, Check.PUBLISH_CHECK_LINK_TARGET_WITHDRAWN)
PDF_CHECKS = (
    (Check.PUBLISH_CHECK_PDF_UNTAGGED, "isTagged", "is a PDF without tags: programs that read it aloud cannot follow it"),
    (Check.PUBLISH_CHECK_PDF_WITHOUT_TITLE, "title", "is a PDF that does not say its title"),
    (Check.PUBLISH_CHECK_PDF_WITHOUT_LANGUAGE, "language", "is a PDF that does not say its language"),
)
"""What a PDF ought to say, by its name among what is known of the file."""
FILES = (
    Check.PUBLISH_CHECK_ATTACHMENT_NOT_READY,
    Check.PUBLISH_CHECK_ATTACHMENT_WITHOUT_ALTERNATIVE,
    *(check for check, _, _ in PDF_CHECKS),
)
NO_PAGES = ("/v1/", "/feeds/")
"""What begins so is no page, and is not asked about."""
NEITHER = {"/sitemap.xml", "/health", "/robots.txt", "/favicon.ico"}
WHAT: Mapping[int, str] = {LiveState.LIVE_STATE_GONE: "is gone", LiveState.LIVE_STATE_REDIRECTED: "is redirected"}
BEST: Mapping[int, int] = {
    state: at
    for at, state in enumerate(
        (
            LiveState.LIVE_STATE_PUBLISHED,
            LiveState.LIVE_STATE_WITHDRAWN,
            LiveState.LIVE_STATE_REDIRECTED,
            LiveState.LIVE_STATE_GONE,
            LiveState.LIVE_STATE_UNSPECIFIED,
            LiveState.LIVE_STATE_VANISHED,
        )
    )
}
"""Of the documents behind one key, the one that readers have most of counts."""
MAX_SHOWN = 80


class Target(NamedTuple):
    """A document that is named by a translation key, or by its own id."""

    named: str
    """How a message begins that tells of it."""
    otherwise: str
    """What becomes of it where it is not public."""
    place: Place
    key: uuid.UUID


class Named(NamedTuple):
    """What is asked about."""

    paths: Mapping[str, str]
    """Of each address."""
    targets: Sequence[Target]
    files: Sequence[tuple[str, Place, uuid.UUID]]
    """How it is named, and where."""

    def __bool__(self) -> bool:
        return bool(self.paths or self.targets or self.files)


def named(links: Iterable[Link], document: Row, html: str, settings: Mapping[int, Setting]) -> Named:
    """What the document names, whose body was rendered so."""
    ids = written.named(html)
    paths = dict(paths_of(links, document)) if is_on(settings, *LINKS) else {}
    targets = [*targets_of(document, ids)] if is_on(settings, *TARGETS) else []
    return Named(paths, targets, [*files_of(document, ids)] if is_on(settings, *FILES) else ())


def targets_of(document: Row, ids: written.Named) -> Iterator[Target]:
    kinds = loaded(document.links)
    for kind in sorted(kinds):
        for at, key in enumerate(kinds[kind]):
            place = Place("document.links", f"/{escaped(kind)}/{at}")
            yield Target(f"the target of links.{kind}[{at}]", "the page leaves it out", place, uuid.UUID(key))
    for id in sorted(ids.documents):
        yield Target("the target of a link by id", "it is no link on the page", Place(BODY), uuid.UUID(id))
    for id in sorted(ids.blocks):
        yield Target("a block", "the page cannot be published", Place(BODY), uuid.UUID(id))


def files_of(document: Row, ids: written.Named) -> Iterator[tuple[str, Place, uuid.UUID]]:
    for at, id in enumerate(document.attachments):
        yield f"attachments[{at}]", Place("document.attachments", f"/{at}"), id
    for id in ids.files:
        yield "a file that is named by id", Place(BODY), uuid.UUID(id)


def paths_of(links: Iterable[Link], document: Row) -> Iterator[tuple[str, str]]:
    """Of each address that names another page of this site, that page's path."""
    for link in links:
        address = link.address
        if not address.startswith("/"):  # as a browser resolves it on the page
            address = document.path + address if address[0] in "?#" else document.path.rpartition("/")[0] + "/" + address
        where = delivery.location(address)
        if where is None:
            yield link.address, ""
            continue
        path = "/" + unquote(where.partition("#")[0].partition("?")[0]).strip("/")
        if path not in {document.path, document.live_path, *NEITHER} and not path.startswith(NO_PAGES):
            yield link.address, path


async def check(connection: asyncpg.Connection, asked: Named, links: Sequence[Link], document: Row, findings: Findings) -> None:
    paths = [*dict.fromkeys(filter(None, asked.paths.values()))]
    rows = await queries.SITE.all(
        connection,
        paths=paths,
        places=[*dict.fromkeys(place for path in paths for place in delivery.prefixes(path))],
        keys=[*{each.key for each in asked.targets}],
        files=[*{id for _, _, id in asked.files}],
        whose=document.organisation_id,
    )
    check_links([each for each in links if each.address in asked.paths], asked.paths, rows, findings)
    check_targets(asked.targets, rows, document.organisation_id, findings)
    check_files(asked.files, rows, findings)


def check_links(links: Iterable[Link], paths: Mapping[str, str], rows: Iterable[Row], findings: Findings) -> None:
    served: dict[str, bytes | None] = {}
    covering: dict[str, bytes] = {}
    drafts = set()
    for row in rows:
        if row.kind == queries.PATH:
            if row.answer is None or row.name not in served:  # a page in any language is one
                served[row.name] = row.answer
            if row.state and row.answer is not None:
                covering[row.name] = row.answer
        elif row.kind == queries.DRAFT:
            drafts.add(row.name)
    for link in links:
        path = paths[link.address]
        answer: bytes | None = b""
        if path in served:
            answer = served[path]
        elif path:
            answer = next((covering[each] for each in delivery.prefixes(path) if each in covering), b"")
        if answer is not None:
            check_, message = told(path or link.address, answer, is_draft=path in drafts)
            times = f"; so do {link.times - 1} more" if link.times > 1 else ""
            findings.add(check_, message + times, link.place, link.element, link.said or link.address, link.line)


def told(path: str, answer: bytes, *, is_draft: bool) -> tuple[int, str]:
    """What is wrong with a link to a path that answers so; with nothing, if it serves nothing."""
    where = path[:MAX_SHOWN]
    if not answer:
        why = "where a document is to be read that is not published" if is_draft else "where nothing is served"
        return Check.PUBLISH_CHECK_LINK_DEAD, f"the link leads to {where}, {why}"
    said = GetPageResponse.FromString(answer)
    if said.HasField("gone"):
        return Check.PUBLISH_CHECK_LINK_GONE, f"the link leads to {where}, which is gone"
    return (
        Check.PUBLISH_CHECK_LINK_REDIRECTED,
        f"the link leads to {where}, which leads to {said.redirect.location[:MAX_SHOWN]}",
    )


def check_targets(targets: Iterable[Target], rows: Iterable[Row], organisation_id: uuid.UUID, findings: Findings) -> None:
    """Of what is not public of other organisations nothing is told."""
    known: dict[str, list[Any]] = {}
    for row in rows:
        if row.kind == queries.TARGET:
            known.setdefault(row.name, []).append(row)
    for each in targets:
        states = {row.state: row.text for row in known.get(str(each.key), ())}
        state = min(states, key=lambda state: BEST[state], default=None)
        if state == LiveState.LIVE_STATE_WITHDRAWN:
            message = f"{each.named} was withdrawn"
            findings.add(Check.PUBLISH_CHECK_LINK_TARGET_WITHDRAWN, message, each.place, excerpt=str(each.key))
        elif state != LiveState.LIVE_STATE_PUBLISHED:
            what = WHAT.get(state or 0, "is not there")
            if state == LiveState.LIVE_STATE_UNSPECIFIED and states[state] == str(organisation_id):
                what = "is not published yet"
            message = f"{each.named} {what}, so {each.otherwise}"
            findings.add(Check.PUBLISH_CHECK_LINK_TARGET_NOT_PUBLIC, message, each.place, excerpt=str(each.key))


def check_files(named: Iterable[tuple[str, Place, uuid.UUID]], rows: Iterable[Row], findings: Findings) -> None:
    known = {row.name: row for row in rows if row.kind == queries.FILE}
    looked_at = set()
    for name, place, id in named:
        row = known.get(str(id))
        if row is None:
            message = f"{name}: the organisation has no such file ready"
            findings.add(Check.PUBLISH_CHECK_ATTACHMENT_NOT_READY, message, place, excerpt=str(id))
            continue
        said = json.loads(row.text)
        if not files.is_ready(row.state):
            message = f"{name}, {said['name']}, {files.told(row.state, said['rejection'])}"
            findings.add(Check.PUBLISH_CHECK_ATTACHMENT_NOT_READY, message, place, excerpt=str(id))
            continue
        if not said["isDescribed"] and place.field != BODY:  # of an image in a body, the body says it
            message = f"{name} is an image without alternative text"
            findings.add(Check.PUBLISH_CHECK_ATTACHMENT_WITHOUT_ALTERNATIVE, message, place, excerpt=said["name"])
        if said["pdf"] is not None and id not in looked_at:  # of what came before PDFs were looked into, nothing is known
            looked_at.add(id)
            for check, fact, lacks in PDF_CHECKS:
                if not said["pdf"].get(fact):
                    findings.add(check, f"{name}, {said['name']}, {lacks}", place, excerpt=said["name"])
