"""Front matter: what a Markdown file says of itself before its text, as YAML between `---` or as TOML between `+++`."""

from __future__ import annotations

import re
import tomllib
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from server.importer import encodings
from server.importer.failures import Refused
from server.importer.pages.page import Front
from server.importer.sources import JSON

MOST = 64 << 10
"""Characters of front matter."""
MARKS = {"---": "YAML", "+++": "TOML"}
NAMES = {
    "title": "title", "summary": "summary", "description": "summary", "path": "path", "permalink": "path", "locale": "locale",
    "lang": "locale", "tags": "tags", "content_type": "content_type", "publish_time": "publish_time", "date": "publish_time",
    "translation_key": "translation_key", "details": "details",
}  # fmt: skip
"""What is called how: our names, and those of static site generators."""


class Split(NamedTuple):
    """A Markdown file."""

    front: Front
    body: str
    unknown: tuple[str, ...]
    """What the front matter says that no field of a document does."""


class Loader(yaml.SafeLoader):
    """YAML without aliases, which make much of little, and without a name twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise Refused("has an alias (*) in its front matter; write out what it stands for")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
            raise Refused(f"says {twice!r} twice in its front matter")
        return super().construct_mapping(node, deep)


def head(file: Path) -> Front:
    """What a file's front matter says. Raises Refused."""
    return split(file).front


def split(file: Path) -> Split:
    """Raises Refused."""
    try:
        text = encodings.text_of(file)
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    lines = text.split("\n")
    mark = lines[0].rstrip()
    if mark not in MARKS:
        return Split(Front(), text, ())
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == mark), None)
    if end is None:
        if mark == "---":  # a line across the page
            return Split(Front(), text, ())
        raise Refused(f"begins with {mark}, and has no {mark} behind its front matter")
    said = "\n".join(lines[1:end])
    if len(said) > MOST:
        raise Refused(f"has front matter of {len(said)} characters, and may have {MOST}")
    front, unknown = checked(parsed(said, MARKS[mark]))
    return Split(front, "\n".join(lines[end + 1 :]).lstrip("\r\n"), unknown)


def parsed(said: str, kind: str) -> JSON:
    try:
        found = tomllib.loads(said) if kind == "TOML" else yaml.load(said, Loader)  # noqa: S506  # nosec B506  # it is a safe one
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise Refused(f"has front matter that is no {kind}: {' '.join(str(error).split())[:200]}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"has front matter that is no {kind} of names and values")
    return {str(name): value for name, value in found.items()}


def checked(said: JSON) -> tuple[Front, tuple[str, ...]]:
    """Raises Refused for what is not of the kind that its name asks for."""
    known: dict[str, Any] = {}
    for name, value in said.items():
        field = NAMES.get(name)
        if field is None or value is None:
            continue
        if field in known:
            raise Refused(f"says its {field} twice in its front matter, once as {name}")
        try:
            known[field] = READ[field](value)
        except (TypeError, ValueError):
            raise Refused(f"has {name} in its front matter, which is no {KINDS[field]}") from None
    return Front(**known), tuple(sorted(said.keys() - NAMES.keys()))


def text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def tags(value: Any) -> tuple[str, ...]:
    values = re.split(r"\s*,\s*", value) if isinstance(value, str) else value
    if not isinstance(values, list):
        raise TypeError
    return tuple(filter(None, map(text, values)))


def path(value: Any) -> str:
    """As it is; a slash at its end is left out."""
    said = text(value)
    return said.rstrip("/") or "/"


def time(value: Any) -> datetime:
    """A date is midnight, and what has no zone is in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise TypeError
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def details(value: Any) -> JSON:
    """What JSON can say, and nothing else."""
    if not isinstance(value, dict):
        raise TypeError
    said: JSON = plain(value)
    return said


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {text(name): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError


READ: dict[str, Callable[[Any], Any]] = {
    "title": text, "summary": text, "path": path, "locale": text, "content_type": text, "tags": tags, "publish_time": time,
    "translation_key": lambda value: str(uuid.UUID(text(value))), "details": details,
}  # fmt: skip
KINDS = dict.fromkeys(("title", "summary", "path", "locale", "content_type"), "text") | {
    "tags": "list of texts", "publish_time": "time", "translation_key": "UUID", "details": "object",
}  # fmt: skip
