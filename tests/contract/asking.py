"""Requests to any method, made from what the contract says of their fields: a method that is added is asked like the others."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.account_pb2 import Account
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.content.v1.comment_pb2 import Comment
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document
from gazette.files.v1.file_pb2 import File, FileUpload
from server.rpc.requests.validation import all_found_in, validator
from tests.service import Person, Service

Ids = Mapping[str, str]
MADE = itertools.count(1)
REQUEST_ID = ("x-request-id", "the-same-for-all")
LOST = "Internal error from Core"
ATTEMPTS = 5
FORMED = {"source_locale": "en", "target_locale": "cy", "specification": "w320.webp"}
"""What else fits patterns, by the names of fields."""


def resource(kind: Descriptor) -> Message | None:
    """What a request says of a resource that it creates or changes."""
    number = next(MADE)
    resources: Sequence[Message] = (
        Comment(text="Why?"),
        Account(name="A Name", email=f"somebody-{number}@example.gov"),
        ContentType(name=f"type{number}", title="A title", etag="none"),
        Document(title="A title", path=f"/elsewhere/{number}", content_type="guide", etag="none"),
        File(name="harbour.png", etag="none"),
        FileUpload(name="harbour.png", size_bytes=1),
        Organisation(name="A Name", slug=f"elsewhere-{number}"),
    )
    return next((each for each in resources if each.DESCRIPTOR is kind), None)


class Answer(NamedTuple):
    code: grpc.StatusCode
    said: bytes
    """The messages, or the status with all its details."""


def kind_of(method: MethodDescriptor) -> type[Message]:
    return GetMessageClass(method.input_type)


def request(method: MethodDescriptor, given: Ids, known: Ids) -> Any:
    """A request that keeps to the contract's rules: fields as they are `given` by their paths, of the others as few as will do,
    with ids that are `known` by their fields' names."""
    made = kind_of(method)()
    for path, value in given.items():
        parent, _, name = path.rpartition(".")
        fill(made, parent or name, {**known, name: value})
    if not is_read(method):  # of a list, ids are a filter
        for name in known.keys() & made.DESCRIPTOR.fields_by_name.keys() - given.keys():
            fill(made, name, known)
    if "update_mask" in made.DESCRIPTOR.fields_by_name:
        fill(made, "update_mask", known)
    for _ in range(5):
        missing = [each.field for each in all_found_in(made)]
        if not missing:
            return made
        for path in missing:
            fill(made, path or made.DESCRIPTOR.oneofs[0].fields[0].name, known)
    raise AssertionError(f"{method.full_name} asks for {missing}, and `fill` does not know how to give it")


def fill(message: Any, path: str, known: Ids) -> None:
    """Gives a field a value that will do."""
    name, _, rest = path.partition(".")
    if one_of := message.DESCRIPTOR.oneofs_by_name.get(name):
        name = one_of.fields[0].name
    field = message.DESCRIPTOR.fields_by_name[name]
    inner = getattr(message, name)
    if rest:
        fill(inner, rest, known)
    elif field.message_type is FieldMask.DESCRIPTOR:
        inner.paths[:] = [mutable(message.DESCRIPTOR)]
    elif field.message_type is Timestamp.DESCRIPTOR:
        inner.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    elif field.message_type is not None:
        inner.SetInParent()
        if said := resource(field.message_type):
            inner.MergeFrom(said)
        for key in known.keys() & field.message_type.fields_by_name.keys():
            fill(inner, key, known)
    elif field.is_repeated:
        inner[:] = [known.get(name, 1)]
    elif field.type == FieldDescriptor.TYPE_STRING:
        setattr(
            message,
            name,
            known.get(name) or known.get(name.removeprefix("other_")) or FORMED.get(name) or f"something-{next(MADE)}",
        )
    else:
        setattr(message, name, 1)


def mutable(update: Descriptor) -> str:
    """A field that an update may change: the resource's title, its text, or its name."""
    names = {name for field in update.fields if field.message_type for name in field.message_type.fields_by_name}
    return next(each for each in ("title", "text", "name") if each in names)


def is_update(method: MethodDescriptor) -> bool:
    """Whether it changes what there is, as a mask says."""
    return any(field.message_type is FieldMask.DESCRIPTOR for field in method.input_type.fields)


def is_read(method: MethodDescriptor) -> bool:
    return bool(method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS)


def ids(message: Descriptor, prefix: str = "") -> Iterator[str]:
    """The paths of the fields that name something by its id."""
    for field in message.fields:
        if field.name == "id" or field.name.endswith("_id") or is_uuid(field):
            yield prefix + field.name
        elif field.message_type and not prefix and not field.is_repeated:
            yield from ids(field.message_type, f"{field.name}.")


def is_uuid(field: FieldDescriptor) -> bool:
    """Whether the contract's rules ask for a UUID."""
    if field.type != FieldDescriptor.TYPE_STRING:
        return False
    assert field.containing_type is not None
    wrong: Any = GetMessageClass(field.containing_type)()
    fill(wrong, field.name, {field.name: "no UUID"})
    return any(each.proto.rule_id == "string.uuid" for each in validator.collect_violations(wrong))


async def has_lost_its_status(call: Any) -> bool:
    """Whether gRPC's client lost what the server said: it was refused before its first message had left, and the client then
    reports that it could not send. In a burst on a busy machine that is one call of a thousand."""
    status = (await call.code(), await call.details())
    return status == (grpc.StatusCode.INTERNAL, LOST)


async def answered(service: Service, method: MethodDescriptor, asked: Message, caller: Person | None) -> Answer:
    """What the server answers, whatever kind of method it is. A call whose status was lost was refused unread, and is made once
    more."""
    for _ in range(ATTEMPTS):
        call, said = await made(service, method, asked, caller)
        if not await has_lost_its_status(call):
            break
    return Answer(await call.code(), said)


async def made(service: Service, method: MethodDescriptor, asked: Message, caller: Person | None) -> tuple[Any, bytes]:
    """The call, which has ended, and what was said."""

    async def requests() -> AsyncIterator[Message]:
        yield asked

    call: Any = service.channel.stream_stream(
        f"/{method.containing_service.full_name}/{method.name}", request_serializer=type(asked).SerializeToString
    )(requests(), metadata=(REQUEST_ID, *(caller.metadata if caller else ())), timeout=10)
    said = b""
    try:
        async for message in call:
            said += message
    except grpc.aio.AioRpcError as error:
        said = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    return call, said
