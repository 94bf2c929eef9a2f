"""What is said of a rule that was broken: what is wanted, and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gazette.access.v1.access_pb2 import PERMISSION_DOCUMENTS_READ as READ
from gazette.access.v1.access_pb2 import PERMISSION_UNSPECIFIED as NONE
from gazette.auth.v1.account_administration_pb2 import GrantRoleRequest
from gazette.auth.v1.account_pb2 import ROLE_READER
from gazette.auth.v1.service_account_pb2 import CreateApiKeyRequest
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, PublishDocumentRequest, UpdateDocumentRequest
from gazette.content.v1.document_pb2 import Document, LinkTargets
from server.rpc.failures import MAX_DESCRIPTION
from server.rpc.requests.validation import found_in
from server.rpc.requests.wording import wanted
from tools import generate, limits
from tools.contract import Contract

CONTRACT = Contract.parse((generate.ROOT / generate.ENVOY).read_bytes())
ID = "0190a5a0-0000-7000-8000-000000000000"
EXAMPLE = "01a1fc98-1456-7b21-896a-ed5e06f788c9"


def told(message: Message) -> dict[str, str]:
    return dict(found_in(message))


def empty(field: FieldDescriptor) -> Any:
    """A message that may have it."""
    assert field.containing_type is not None
    return GetMessageClass(field.containing_type)()


def fields() -> Iterator[tuple[FieldDescriptor, dict[str, Any]]]:
    """Every field that a request may have, and the rules of its value, of each element or of each key."""
    for message in sorted(limits.asked(CONTRACT), key=lambda each: each.full_name):
        for field in message.fields:
            if message.GetOptions().map_entry:
                continue
            rules = CONTRACT.options(field).get(limits.RULES, {})
            rules = rules.get("map", {}).get("keys") or rules.get("repeated", {}).get("items") or rules
            yield Default().FindMessageTypeByName(message.full_name).fields_by_name[field.name], rules


def test_no_pattern_is_told() -> None:
    """Where a string has a pattern, the contract says in words what it must be, and shows what fits: a refusal says both, and
    not the pattern."""
    patterns = {field: rules["string"] for field, rules in fields() if "pattern" in rules.get("string", {})}
    assert len(patterns) > 25
    for field, rule in patterns.items():
        assert all(re.search(rule["pattern"], example) for example in rule["example"]), field.full_name
        said = wanted(field)
        assert said.endswith(f", such as {' or '.join(rule['example'])}"), field.full_name
        assert len(f"must have keys that are {said}") <= MAX_DESCRIPTION, field.full_name
        assert rule["pattern"] not in said
        assert not re.search(r"[\^\[\]{}$|]|\?:", said), said


def test_refusals_of_every_pattern() -> None:
    """What fits no pattern is refused in those words, wherever it stands."""
    for field, rules in fields():
        if "pattern" in rules.get("string", {}):
            message = empty(field)
            if field.message_type is not None:
                getattr(message, field.name)["~ "].Clear()
            elif field.is_repeated:
                getattr(message, field.name).append("~ ")
            else:
                setattr(message, field.name, "~ ")
            said = next(why for name, why in found_in(message) if re.match(rf"{field.name}($|\[)", name))
            assert said.endswith(wanted(field)), field.full_name


@pytest.mark.parametrize("field", [field for field, rules in fields() if "enum" in rules], ids=lambda each: each.full_name)
def test_values_of_enums(field: FieldDescriptor) -> None:
    """A value that an enum does not have is refused with those that it has, or as many as there is room for, and with none that
    would be refused."""
    message = empty(field)
    if field.is_repeated:
        getattr(message, field.name).append(99)
    else:
        setattr(message, field.name, 99)
    said = next(why for name, why in found_in(message) if re.match(rf"{field.name}($|\[)", name))
    assert field.enum_type is not None
    assert re.fullmatch(r"must be one of [A-Z0-9_]+(, [A-Z0-9_]+)*( and [0-9]+ others)?", said)
    assert "UNSPECIFIED" not in said
    names = set(re.findall(r"[A-Z][A-Z0-9_]+", said))
    assert names <= {each.name for each in field.enum_type.values}


def test_what_is_missing_is_named_alone() -> None:
    """Of a request that lacks its etag only that is said, with an example."""
    etag = "is required: the etag that you read, such as 4"
    update = UpdateDocumentRequest(document=Document(id=ID, title="Tides"), update_mask=FieldMask(paths=["title"]))
    assert told(update) == {"document.etag": etag}
    assert told(PublishDocumentRequest(id=ID)) == {"etag": etag}
    assert told(CreateDocumentRequest()) == {"document": "is required"}
    given = CreateDocumentRequest(document=Document(organisation_id=ID, path="/tides", title="Tides"))
    assert told(given) == {"document.content_type": "is required"}
    assert told(GrantRoleRequest(role=ROLE_READER)) == {"id": f"is required: a UUID, such as {EXAMPLE}"}


def test_elements_and_keys() -> None:
    """An element of a list, and a key of a map, are named where they are; so is what a oneof may be."""
    said = told(CreateApiKeyRequest(account_id=ID, name="x", scopes=[READ, NONE]))
    assert said["scopes[1]"].startswith("must be one of PERMISSION_")
    document = Document(organisation_id=ID, content_type="guide", path="/a", title="A", links={"X": LinkTargets()})
    said = told(CreateDocumentRequest(document=document))
    wanted_key = "must have keys that are lowercase letters, digits and underscores, a letter first, such as related"
    assert said == {"document.links[X]": wanted_key}
