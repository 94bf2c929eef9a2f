"""`deploy/envoy/bodies.txt`: what JSON the contract's HTTP form takes, for the scan in `deploy/envoy/json.lua`.

A line for each enum: `enum`, its name and its values. Then one for each message that a body is or holds: `message`, its name
and its fields, each with its kind: a letter for scalars, an enum's name in angle brackets, a message's name, `*` for an object
of any members; in brackets for a list, in braces for a map. Which body is what stands in `routes.txt`.
"""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from tools.bindings import HTTP_BODY, OBJECT, SIMPLE, WORDS, Route, field_at, routes
from tools.contract import Contract

STRINGS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
LETTERS = {FieldDescriptor.TYPE_BOOL: "b"} | dict.fromkeys(STRINGS, "s")


def bodies(compiled: bytes) -> bytes:
    """The whole file."""
    contract = Contract.parse(compiled)
    lines = [*enums(contract), *messages(list(declared(contract)))]
    return "".join(f"{line}\n" for line in lines).encode()


def enums(contract: Contract) -> Iterator[str]:
    """Those of all requests, in bodies or in queries."""
    known: dict[str, EnumDescriptor] = {}
    waiting = [method.input_type for service in contract.services() for method in service.methods]
    seen: set[str] = set()
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen:
            seen.add(message.full_name)
            known |= {field.enum_type.full_name: field.enum_type for field in message.fields if field.enum_type is not None}
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
    for name, enum in sorted(known.items()):
        if name.startswith("gazette."):
            yield " ".join(["enum", name, *(value.name for value in enum.values)])


def declared(contract: Contract) -> Iterator[Descriptor]:
    """The message of each body that is JSON."""
    kinds = (message_of(route) for route in routes(contract) if route.body)
    return (kind for kind in kinds if kind.full_name != HTTP_BODY)


def message_of(route: Route) -> Descriptor:
    """The message that a route's body is."""
    kind = route.method.input_type if route.body == "*" else field_at(route.method.input_type, route.body).message_type
    assert kind is not None, f"{route.template}: a body that is no message"
    return kind


def body_of(route: Route) -> str:
    """The kind of that body. Who streams sends a list of messages, or bytes."""
    kind = message_of(route).full_name
    return f"[{kind}]" if route.method.client_streaming and kind != HTTP_BODY else kind


def messages(waiting: list[Descriptor]) -> Iterator[str]:
    """These messages and all that they hold, each once."""
    known: dict[str, Descriptor] = {}
    while waiting:
        message = waiting.pop()
        if message.full_name in known or message.full_name in SIMPLE:
            continue
        known[message.full_name] = message
        inner = [field.message_type for field in message.fields if field.message_type is not None]
        waiting += [each.fields_by_name["value"].message_type or message if is_map(each) else each for each in inner]
    for name, message in sorted(known.items()):
        yield " ".join(["message", name, *(f"{field.name}:{kind_of(field)}" for field in message.fields)])


def kind_of(field: FieldDescriptor) -> str:
    if field.message_type is not None and is_map(field.message_type):
        return f"{{{kind_of(field.message_type.fields_by_name['value'])}}}"
    one = scalar(field) if field.message_type is None else named(field.message_type)
    return f"[{one}]" if field.is_repeated else one


def scalar(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        return f"<{field.enum_type.full_name}>"
    return LETTERS.get(field.type, "n")


def named(message: Descriptor) -> str:
    return "s" if message.full_name in WORDS else "*" if message.full_name == OBJECT else message.full_name


def is_map(message: Descriptor) -> bool:
    return bool(message.GetOptions().map_entry)
