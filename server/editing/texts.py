"""A document as a text that people edit: what is short as YAML between two lines of `---`, then its body as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from gazette.content.v1.document_pb2 import BodyFormat, Document

FENCE = "---\n"
PREFIX = "BODY_FORMAT_"
ALWAYS = ("path", "title", "summary")
FIELDS = (*ALWAYS, "body_format", "tags", "attachments", "links", "details")
"""What stands above the body, in this order; what is empty is left out, but for ALWAYS."""


class Unreadable(Exception):
    """The text is no document. Its message says where, and why."""


class Loader(yaml.SafeLoader):
    """Of YAML's plain scalars only those are no texts that JSON knows: `no` is a word, and so are `2026-12-01` and `12:30`."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # add_implicit_resolver writes to it


for tag, pattern, first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?", list("-+0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def written(document: Document) -> str:
    """The text of a document, or of one that is still to be written."""
    said = MessageToDict(document, preserving_proto_field_name=True)
    body_format = BodyFormat.Name(document.body_format).removeprefix(PREFIX).lower()
    said |= {"body_format": body_format} if document.body_format else {}
    said["links"] = {kind: targets.get("translation_keys", []) for kind, targets in said.get("links", {}).items()}
    said["details"] = plain(said.get("details", {}))
    head = {name: said.get(name, "") for name in FIELDS if name in ALWAYS or said.get(name)}
    return f"{FENCE}{yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=110)}{FENCE}{document.body}"


def plain(value: Any) -> Any:
    """A value of a Struct as people write it: whole numbers without a point, members by their names."""
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [*map(plain, value)]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def read(text: str) -> Document:
    """The document that a text says. Raises Unreadable."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith(FENCE):
        raise Unreadable("line 1: the text begins with a line of ---")
    end = text.find(f"\n{FENCE}", len(FENCE) - 1)
    if end < 0:
        raise Unreadable("there is no second line of ---, after which the body begins")
    body = text[end + 1 + len(FENCE) :]
    return Document(body=body, **parsed(head(text[len(FENCE) : end + 1])))


def head(text: str) -> Mapping[str, Any]:
    try:
        found = yaml.load(text, Loader)  # noqa: S506  # nosec B506  # it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 2}: " if error.problem_mark else ""
        raise Unreadable(f"{line}{error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise Unreadable("what stands between the lines of --- is no YAML") from None
    if not isinstance(found, dict):
        raise Unreadable("between the lines of --- stands no `name: value`")
    if unknown := [str(name) for name in found if name not in FIELDS]:
        raise Unreadable(f"{unknown[0]}: is none of {', '.join(FIELDS)}")
    return found


def parsed(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Document."""
    given = dict(said)
    if given.get("body_format"):
        given["body_format"] = f"{PREFIX}{given['body_format']}".upper()
    links = given.pop("links", None) or {}
    if not isinstance(links, dict):
        raise Unreadable("links: are lists of translation keys by kind")
    given["links"] = {kind: {"translation_keys": keys} for kind, keys in links.items()}
    message = Document()
    for name, value in given.items():
        try:
            ParseDict({name: value}, message)
        except (ParseError, TypeError) as error:
            raise Unreadable(f"{name}: {error}") from None
    return {name: getattr(message, name) for name in FIELDS}


def ended_as(before: Document, after: Document) -> Document:
    """The document without the end of the last line that an editor has put there; others may have changed that line."""
    if not before.body.endswith("\n"):
        after.body = after.body.removesuffix("\n")
    return after


def changed(before: Document, after: Document) -> list[str]:
    """The fields in which they differ. An editor that ends the last line has changed nothing."""
    names = [name for name in FIELDS if getattr(before, name) != getattr(after, name)]
    if before.body.removesuffix("\n") != after.body.removesuffix("\n"):
        names.append("body")
    return names
