"""`gazette_client.services.threads` and `.tasks`: the services that a client has, and its lists as iterators.

A list is a method whose answers come in parts: its request has a `page_token` (or the number after which to go on), its answer
one repeated field. The iterator is named by what it gives, `documents`; where a service of the client has that name
already, the service itself can be called.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor

from tools.contract import Contract
from tools.docstrings import indented
from tools.python_messages import module

TEMPLATE = Path(__file__).with_name("python_services.py.jinja")
RUFF = Path(sys.executable).with_name("ruff")

NAMES: Mapping[str, str] = {
    "AuthService": "auth",
    "AccountService": "accounts",
    "AuditService": "audit",
    "OrganisationService": "organisations",
    "ContentTypeService": "content_types",
    "ContentService": "content",
    "DeliveryService": "delivery",
    "RecordService": "record",
    "FileService": "files",
    "SystemService": "system",
}
"""What the clients call each service."""
CURSORS: Mapping[str, tuple[str, str]] = {"ListRecordEntries": ("after_number", "body.number")}
"""Lists that go on after the last item: the request's field, and the item's that it takes."""
LEFT_OUT = frozenset({"page_token", "with_count"})
"""What an iterator takes care of by itself, and what says something of a part that no iterator gives."""
OPTIONS = frozenset({"timeout", "metadata"})
"""What each iterator takes besides its request's fields."""

KINDS: Mapping[int, str] = {
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
}


@dataclass(frozen=True)
class Keyword:
    """One keyword of an iterator."""

    name: str
    annotation: str
    is_needed: bool
    """Whether a request without it is always refused, by what the contract says of the field alone."""
    comment: str


@dataclass(frozen=True)
class List:
    """One method whose answers come in parts, as an iterator."""

    name: str
    rpc: str
    comment: str
    request: str
    item: str
    items: str
    """The answer's field that holds them."""
    keywords: tuple[Keyword, ...]
    cursor: tuple[str, str] | tuple[()]

    @property
    def needed(self) -> list[Keyword]:
        return [each for each in self.keywords if each.is_needed]

    @property
    def others(self) -> list[Keyword]:
        return [each for each in self.keywords if not each.is_needed]


@dataclass(frozen=True)
class Service:
    """One attribute of a client."""

    name: str
    attribute: str
    module: str
    comment: str
    lists: tuple[List, ...]
    own: List | None = None
    """The list of the same name, which is called as the service itself."""


def services(contract: Contract, *, is_async: bool) -> bytes:
    """One of the two modules."""
    known = {service.name: service for service in contract.services()}
    assert set(known) == set(NAMES), "say in NAMES what the clients call each service"
    # Python is written, not HTML: nothing is to be escaped.
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)  # noqa: S701
    environment.filters["indented"] = indented
    template = environment.from_string(TEMPLATE.read_text())
    made = [service(contract, known[name]) for name in NAMES]
    code = template.render(services=made, is_async=is_async, quotes='"""')
    formatting = [str(RUFF), "format", "--quiet", "--stdin-filename=services.py", "-"]
    return subprocess.run(formatting, input=code.encode(), check=True, capture_output=True).stdout


def service(contract: Contract, described: ServiceDescriptor) -> Service:
    attribute = NAMES[described.name]
    lists = [found for rpc in described.methods if (found := listed(contract, rpc))]
    stranger = next((each for each in lists if each.name in NAMES.values() and each.name != attribute), None)
    assert stranger is None, f"{stranger}: a service has that name already"
    return Service(
        described.name,
        attribute,
        f"{module(described.file)}_grpc",
        contract.comment(described),
        tuple(each for each in lists if each.name != attribute),
        next((each for each in lists if each.name == attribute), None),
    )


def listed(contract: Contract, rpc: MethodDescriptor) -> List | None:
    """The list that a method is, or None."""
    repeated = [field for field in rpc.output_type.fields if field.is_repeated]
    in_parts = "page_token" in rpc.input_type.fields_by_name and "next_page_token" in rpc.output_type.fields_by_name
    if not (in_parts or rpc.name in CURSORS):
        return None
    assert len(repeated) == 1, f"{rpc.full_name}: which of its answer's fields is the list?"
    fields = [field for field in rpc.input_type.fields if field.name not in LEFT_OUT]
    assert not OPTIONS & {field.name for field in fields}, f"{rpc.full_name}: the call itself has {', '.join(OPTIONS)}"
    item = repeated[0].message_type
    assert item is not None, f"{rpc.full_name}: a list of no messages"
    return List(
        snake(rpc.name.removeprefix("List")) if rpc.name.startswith("List") else repeated[0].name,
        rpc.name,
        contract.comment(rpc),
        rpc.input_type.name,
        item.name,
        repeated[0].name,
        tuple(Keyword(field.name, annotation(field), is_needed(contract, field), contract.comment(field)) for field in fields),
        CURSORS.get(rpc.name, ()),
    )


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def annotation(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        one = f"messages.{field.enum_type.name}.ValueType"
    elif field.message_type is not None:
        one = f"messages.{field.message_type.name}"
        one += " | datetime" if field.message_type.full_name == "google.protobuf.Timestamp" else ""
    else:
        one = KINDS.get(field.cpp_type, "bytes" if field.type == FieldDescriptor.TYPE_BYTES else "str")
    return f"Iterable[{one}]" if field.is_repeated else one


def is_needed(contract: Contract, field: FieldDescriptor) -> bool:
    rules: dict[str, Any] = contract.options(field).get("[buf.validate.field]", {})
    text = rules.get("string", {})
    has_no_empty_form = bool(text.get("uuid") or text.get("min_len"))
    return bool(rules.get("required")) or (has_no_empty_form and "ignore" not in rules and not field.has_presence)
