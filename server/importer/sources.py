"""Reads the JSON files of a source. Strict: what JSON leaves open, and a protobuf Struct could not keep, is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from server.importer import encodings
from server.importer.failures import Refusal, Refused
from server.rpc.numbers import is_exact_text

__all__ = ["JSON", "Refusal", "Refused", "Source"]

JSON = dict[str, Any]


class Source(NamedTuple):
    """A file that was read."""

    name: str
    """Its path within the folder that is imported."""
    content: JSON


def files(path: Path) -> list[Path]:
    """The file itself, or all JSON files below the folder, by name."""
    return sorted(path.rglob("*.json")) if path.is_dir() else [path]


def name(file: Path, path: Path) -> str:
    return file.relative_to(path).as_posix() if path.is_dir() else file.name


def read(file: Path) -> JSON:
    """The JSON object that the file holds. Raises Refused."""
    try:
        text = encodings.text_of(file)
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    return parsed(text)


def parsed(text: str) -> JSON:
    """The JSON object that the text is. Raises Refused."""
    if text.startswith("\ufeff"):
        raise Refused("begins with a byte order mark where none can be: only a file begins with one")
    try:
        content = json.loads(
            text, object_pairs_hook=members, parse_constant=refuse_constant, parse_int=whole_number, parse_float=number
        )
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused("has a lone surrogate in a string") from None
    except json.JSONDecodeError as error:
        raise Refused(f"is not JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise Refused("is nested too deep") from None
    if not isinstance(content, dict):
        raise Refused("is not a JSON object")
    return content


def members(pairs: list[tuple[str, Any]]) -> JSON:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise Refused(f"has the member {twice!r} twice in one object")
    return result


def refuse_constant(constant: str) -> NoReturn:
    raise Refused(f"has the number {constant}, which JSON does not know")


def whole_number(text: str) -> int:
    return int(exact(text))


def number(text: str) -> float:
    return float(exact(text))


def exact(text: str) -> str:
    """Raises Refused."""
    if is_exact_text(text):
        return text
    raise Refused(f"has the number {text[:30]}, which a double does not hold")


def leaves(value: Any) -> Iterator[Any]:
    """The strings, numbers, booleans, nulls and empty containers in a JSON value."""
    if isinstance(value, dict | list) and value:
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


def depth(value: Any) -> int:
    """How many objects and arrays are inside one another: 0 for a string, 1 for `{}`."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
