"""How much a message holds, told before anything is looked at; and objects that no event loop walks through."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from bench.hostile import field, requests, wrapped
from gazette.content.v1.content_service_pb2 import CreateDocumentRequest, UpdateDocumentRequest
from gazette.content.v1.document_pb2 import Document
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from server.rpc import objects
from server.rpc.objects import Budget, LargeObject, TooManyValues
from server.rpc.requests.judging import judge
from server.rpc.requests.sizes import MAX_ELEMENTS, SMALL, Size, is_light, oversized, size
from server.rpc.requests.validation import MAX_VALUES, MAX_VIOLATIONS

FIELDS = Document.DESCRIPTOR.fields_by_name
KIND = CreateDocumentRequest.DESCRIPTOR


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("tags", Size(100, 100)),
        ("attachments", Size(500, 36)),
        ("links", Size(100, 100)),
        ("title", Size(None, 1000)),
        ("organisation_id", Size(None, 36)),
        ("details", Size(None, None)),
    ],
)
def test_what_the_contract_says(name: str, bounds: Size) -> None:
    """Counts and lengths are the contract's own."""
    assert size(FIELDS[name]) == bounds


def test_the_elements_of_all_lists() -> None:
    """Lists, maps and what is in them count together; as many as there may be are right."""
    request = CreateDocumentRequest()
    for at in range(2):
        request.document.links[f"k{at}"].translation_keys.extend(["x"] * (MAX_ELEMENTS // 2 - 1))
    assert oversized(request) == []
    request.document.tags.append("one more")
    ((name, why),) = oversized(request)
    assert name == "document.tags"
    assert str(MAX_ELEMENTS) in why


def test_long_keys_and_elements() -> None:
    """The length of a key and of an element is told by their field."""
    request = CreateDocumentRequest(document=Document(tags=["x" * 101]))
    request.document.links["k" * 101].translation_keys.append("a")
    assert {each.field for each in oversized(request)} == {"document.tags", "document.links"}


def test_messages_that_are_light() -> None:
    """What is small, or large of few fields, is parsed where it arrives: a long body, a part of a file."""
    assert is_light(CreateDocumentRequest(document=Document(body="x" * 1_000_000)).SerializeToString(), KIND)
    assert is_light(UploadFileRequest(chunk=bytes(1_000_000)).SerializeToString(), UploadFileRequest.DESCRIPTOR)
    assert is_light(b"\xff" * SMALL, KIND)


def test_messages_that_are_not() -> None:
    """What is large of many fields is judged elsewhere, whatever it is full of, and so is what is no message."""
    full = [each for each in requests(UpdateDocumentRequest.DESCRIPTOR) if "again and again" in each.name]
    assert len(full) > 10
    assert not [each.name for each in full if is_light(each.raw, UpdateDocumentRequest.DESCRIPTOR)]
    for raw in (b"\xff" * (SMALL + 1), b"\xf8\x07\x01" * SMALL, field(1, b"x" * SMALL)[:-1] + b"\x0b"):
        assert not is_light(raw, KIND)


def test_judging() -> None:
    """A judgement brings back a good message without its padding, and of a bad one what says which one it is."""
    good = CreateDocumentRequest(
        document=Document(
            organisation_id="0190a5a0-0000-7000-8000-000000000000", content_type="guide", path="/a", title="A", locale="en"
        )
    )
    padded = good.SerializeToString() + b"\xf8\x07\x01" * 1_000 + field(1, b"") * 1_000
    assert judge(CreateDocumentRequest, padded) == (good.SerializeToString(), (), True)
    assert judge(CreateDocumentRequest, b"\xff").is_message is False
    good.document.tags.extend([""] * 100_000)
    judgement = judge(CreateDocumentRequest, good.SerializeToString())
    assert [each.field for each in judgement.violations] == ["document.tags"]
    left = CreateDocumentRequest.FromString(judgement.raw).document
    assert (left.title, [*left.tags]) == ("A", [])


def test_violations_that_are_made() -> None:
    """Of a thousand values that are wrong, twenty are told, and a long key above them is not repeated for each."""
    below = field(5, b"".join(field(1, field(1, b"%x" % at) + field(2, field(3, b"\0"))) for at in range(1_000)))
    raw = wrapped((1, 11, 1), field(1, b"k" * 1_000_000) + field(2, below))
    judgement = judge(CreateDocumentRequest, raw)
    assert len(judgement.violations) == MAX_VIOLATIONS
    assert len(judgement.raw) + sum(map(len, map(str, judgement.violations))) < 10_000


@pytest.mark.parametrize(("values", "is_too_many"), [(MAX_VALUES - 1, False), (MAX_VALUES, True)])
def test_the_values_of_an_object(values: int, is_too_many: bool) -> None:
    """An object may hold so many values, and not one more: the list that they are in is one, too."""
    raw = wrapped((1, 11, 1), field(1, b"a") + field(2, field(6, field(1, b"\x11" + bytes(8)) * values)))
    told = dict(judge(CreateDocumentRequest, raw).violations).get("document.details", "")
    assert (str(MAX_VALUES) in told) == is_too_many


def test_large_objects() -> None:
    """An object comes back from JSON and from a Struct as it was, however it is held."""
    value: dict[str, Any] = {"a": [1, 2.5, None, True, "ü\x01", {"b": []}], "c": 2**53}
    struct = Struct()
    struct.update(value)
    assert objects.plain(struct) == value
    large = objects.from_struct(struct.SerializeToString())
    assert objects.loaded(large) == value
    assert Struct.FromString(objects.with_struct(LargeObject(large.json)).struct) == struct
    assert objects.loaded(objects.from_json(value)) == value
    assert json.loads(objects.encoded(large)) == json.loads(objects.encoded(value))  # a Struct's members have no order


def test_which_objects_are_large() -> None:
    """What has many values or much text is large, on its way in and on its way out."""
    cases: tuple[tuple[Any, bool], ...] = (
        ({"a": [1] * 900}, False),
        ({"a": [1] * 1_100}, True),
        ({"a": {f"{at}": {} for at in range(1_100)}}, True),
        ({"a": "x" * 100_000}, False),
        ({"a": "x" * 600_000}, True),
        ({"a": [[], []] * 600}, True),
    )
    for value, is_large in cases:
        struct = Struct()
        struct.update(value)
        assert (type(objects.decoded(objects.encoded(value))) is LargeObject) == is_large
        if is_large:
            with pytest.raises(TooManyValues):
                objects.plain(struct, Budget(objects.FEW_VALUES))
        else:
            assert objects.plain(struct, Budget(objects.FEW_VALUES)) == value
    assert objects.decoded("[" + "1," * 5_000 + "1]") == [1] * 5_001
    assert math.isclose(objects.decoded("2.5"), 2.5)
