"""What Envoy's filter makes of enums and members on their way: every message of the contract, against what the server gets."""

import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from deploy.envoy.render import HERE
from devstack.home import Home
from server.rpc.failures import MAX_DESCRIPTION
from tests.devstack.reaching import reached, reaching
from tools.bindings import HTTP_BODY, OBJECT, VARIABLE, WORDS
from tools.bodies import is_map
from tools.contract import Contract
from tools.routes import BYTES, LINES

CONTRACT = Contract.parse((HERE / "gazette.binpb").read_bytes())


class Place(NamedTuple):
    """Where a body may be sent."""

    method: str
    path: str
    field: str
    """Of the request, which the body is; empty where the body is the request."""
    message: str
    bound: frozenset[str]
    """Fields of the body that the path says."""

    @property
    def kind(self) -> Descriptor:
        return CONTRACT.pool.FindMessageTypeByName(self.message)

    def body_of(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the server got of the body, as JSON."""
        found = request if not self.field else request.get(camel(self.field), {})
        return {name: value for name, value in found.items() if name not in set(map(camel, self.bound))}


def places() -> Iterator[Place]:
    for line in (HERE / "routes.txt").read_text().splitlines():
        method, template, _, body, *_ = line.split()
        field, _, message = body.partition(":")
        if body != "-" and message != HTTP_BODY and not message.startswith("["):
            field = field.removesuffix("*")
            variables = [name.removeprefix(f"{field}.") if field else name for name, _ in VARIABLE.findall(template)]
            bound = frozenset(name.partition(".")[0] for name in variables)
            yield Place(method, VARIABLE.sub("7", template), field, message, bound)


PLACES = sorted(places())
NAMES = {"Timestamp": "2026-11-29T12:00:00Z", "Duration": "3s", "FieldMask": "title"}
OWN = {"bodyFormat": "html", "sumary": ["markdown"]}
DEEPEST = 3


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with reaching(Home.at(tmp_path_factory.mktemp("values"))) as url, httpx.AsyncClient(base_url=url) as opened:
        yield opened


def short(enum: EnumDescriptor, name: str) -> str:
    prefix = re.sub("([a-z])([A-Z])", r"\1_\2", enum.name).upper() + "_"
    assert name.startswith(prefix), f"{enum.full_name} has a value of another beginning"
    return name.removeprefix(prefix).lower()


def escaped(text: str, chance: random.Random) -> str:
    """As JSON, with some of its characters escaped."""
    return '"' + "".join(f"\\u{ord(each):04x}" if chance.random() < 0.1 else each for each in text) + '"'


def enum_value(enum: EnumDescriptor, chance: random.Random) -> tuple[str, str]:
    """A value as JSON, and its long name."""
    value = chance.choice(enum.values)
    forms = [escaped(value.name, chance), escaped(value.name, chance), str(value.number), f'"{value.number}"']
    if not value.name.endswith("_UNSPECIFIED"):
        forms += [escaped(short(enum, value.name), chance)] * 4
    return chance.choice(forms), value.name


def value_of(field: FieldDescriptor, chance: random.Random, depth: int) -> tuple[str, Any]:
    """Some value of the field as JSON text, and what the server must get."""
    kind = field.message_type
    if field.enum_type is not None:
        return enum_value(field.enum_type, chance)
    if kind is not None and kind.full_name not in {OBJECT, *WORDS}:
        return object_of(kind, chance, depth + 1)
    value: Any = 5
    if kind is not None:
        value = OWN if kind.full_name == OBJECT else NAMES[kind.name]
    elif field.type == FieldDescriptor.TYPE_STRING:
        value = chance.choice(["html", "BODY_FORMAT_HTML", "bodyFormat", '"html"'])
    elif field.type in {FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_BYTES}:
        value = True if field.type == FieldDescriptor.TYPE_BOOL else "e30="
    return json.dumps(value), value


def object_of(
    message: Descriptor, chance: random.Random, depth: int = 0, without: frozenset[str] = frozenset()
) -> tuple[str, dict[str, Any]]:
    """Some object of the message as JSON text, and what the server must get."""
    members: list[str] = []
    meant: dict[str, Any] = {}
    taken: set[str] = set()
    for field in message.fields:
        oneof = field.containing_oneof
        if depth > DEEPEST or field.name in without or chance.random() < 0.4 or (oneof is not None and oneof.name in taken):
            continue
        if oneof is not None:
            taken.add(oneof.name)
        of = (
            field.message_type.fields_by_name["value"]
            if field.message_type is not None and is_map(field.message_type)
            else field
        )
        values = [value_of(of, chance, depth) for _ in range(chance.choice([0, 1, 3]) if field.is_repeated else 1)]
        if of is not field:
            text = "{" + ",".join(f'"key_{at}" : {each}' for at, (each, _) in enumerate(values)) + "}"
            meant[field.json_name] = {f"key_{at}": each for at, (_, each) in enumerate(values)}
        elif field.is_repeated:
            text, meant[field.json_name] = f"[{', '.join(each for each, _ in values)}]", [each for _, each in values]
        else:
            text, meant[field.json_name] = values[0]
        members.append(f"{escaped(chance.choice([field.name, field.json_name]), chance)}: {text}")
    return "{" + ", ".join(members) + "}", meant


def pieces(text: bytes, chance: random.Random) -> Iterator[bytes]:
    while text:
        length = chance.choice([1, 2, 3, 7, 40, 500])
        yield text[:length]
        text = text[length:]


async def sent(client: httpx.AsyncClient, place: Place, text: str, chance: random.Random) -> httpx.Response:
    async def parts() -> AsyncIterator[bytes]:
        for each in pieces(text.encode(), chance):
            yield each

    content: Any = parts() if chance.random() < 0.7 else text.encode()
    return await client.request(place.method, place.path, content=content)


def camel(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


@given(place=some.sampled_from(PLACES), seed=some.integers(0, 10**9))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_values_arrive_as_they_were_meant(client: httpx.AsyncClient, place: Place, seed: int) -> None:
    """However the values of enums are written and the body is cut, the server gets the message that protobuf's own parser makes
    of the long names; what only looks like one, in a string or an object of the caller's, is left alone (C15)."""
    chance = random.Random(seed)
    text, meant = object_of(place.kind, chance, without=place.bound)
    answer = await sent(client, place, text, chance)
    made = message_factory.GetMessageClass(place.kind)()
    json_format.ParseDict(meant, made, descriptor_pool=CONTRACT.pool)
    assert place.body_of(reached(answer).request) == json_format.MessageToDict(made, descriptor_pool=CONTRACT.pool)


@given(place=some.sampled_from(PLACES), seed=some.integers(0, 10**9))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_unknown_name_is_found(client: httpx.AsyncClient, place: Place, seed: int) -> None:
    """Whatever a body says before, and however it is cut, a member that no field has is refused where it begins (C15)."""
    chance = random.Random(seed)
    text, _ = object_of(place.kind, chance, without=place.bound)
    text = text[:-1] + (", " if len(text) > len("{}") else "") + '"zzzz": [{"bodyFormat": "html"}]}'
    answer = await sent(client, place, text, chance)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    info, bad, _ = answer.json()["details"]
    assert (info["reason"], info["metadata"]) == ("UNKNOWN_FIELD", {"offset": str(text.encode().index(b'zzzz": [{'))})
    assert bad["fieldViolations"] == [{"field": "zzzz", "description": "is no field here", "reason": ""}]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.method} {place.path}")
async def test_every_enum_of_a_request(client: httpx.AsyncClient, place: Place) -> None:
    """Each value that a field may have is taken in its short form, and what is none is refused with the values."""
    for field in place.kind.fields:
        if field.enum_type is None:
            continue
        for value in field.enum_type.values[1:]:
            said: Any = short(field.enum_type, value.name)
            answer = await client.request(
                place.method, place.path, json={field.json_name: [said] if field.is_repeated else said}
            )
            found = place.body_of(reached(answer).request)[field.json_name]
            assert found == ([value.name] if field.is_repeated else value.name)
        answer = await client.request(place.method, place.path, json={field.name: ["nope"] if field.is_repeated else "nope"})
        violation = answer.json()["details"][1]["fieldViolations"][0]
        assert violation["field"] == field.json_name + ("[0]" if field.is_repeated else "")
        check_words(violation["description"])


def check_words(description: str) -> None:
    assert re.fullmatch(r"must be one of \w+(, \w+)*( and \d+ others| \(or \w+(, \w+)*\))?", description)
    assert "unspecified" not in description.lower()
    assert len(description) <= MAX_DESCRIPTION


QUERIES = [
    [word for word in line.split() if word not in {LINES, BYTES}]
    for line in (HERE / "routes.txt").read_text().splitlines()
    if line.startswith("GET")
]


@pytest.mark.parametrize("line", QUERIES, ids=lambda line: line[1].replace("{", "").replace("}", ""))
async def test_every_query(client: httpx.AsyncClient, line: list[str]) -> None:
    """Of each route every parameter is taken in both of its names, once, enums in their short forms; a name that is none is
    refused, and so is a value, by its name in JSON."""
    method, template, _, _, *parameters = line
    path = VARIABLE.sub("7", template)
    for name, kind in (each.split(":", 1) for each in parameters):
        element = kind.strip("[]")
        if element.startswith("<"):
            enum = CONTRACT.pool.FindEnumTypeByName(element.strip("<>"))
            for value in enum.values[1:]:
                answer = await client.request(method, path, params={name: short(enum, value.name)})
                assert reached(answer).request[camel(name)] in (value.name, [value.name])
        good, bad = {"n": ("5", "x"), "b": ("true", "maybe"), "s": ("title", None)}.get(element, ("1", "nope"))
        if name.endswith("_time") or name == "review_due_before":
            good, bad = "2026-11-29T12:00:00Z", "yesterday"
        for variant in (name, camel(name)):
            assert camel(name) in reached(await client.request(method, path, params={variant: good})).request
            if kind == element:
                twice = await client.request(method, f"{path}?{name}={good}&{variant}={good}")
                assert violation_of(twice) == (camel(name), "is there twice")
            if bad is not None:
                field, why = violation_of(await client.request(method, path, params={variant: bad}))
                assert field == camel(name)
                assert why.startswith("must be ")
        near = camel(name)[:-1]
        if near not in {camel(each.split(":")[0]) for each in parameters} and len(near) > len("short"):
            field, why = violation_of(await client.request(method, path, params={near: good}))
            assert (field, why) == (near, f"is no parameter here; did you mean {camel(name)}?")
    assert violation_of(await client.request(method, path, params={"zz": "1"})) == ("zz", "is no parameter here")


def violation_of(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == httpx.codes.BAD_REQUEST
    violation = answer.json()["details"][1]["fieldViolations"][0]
    assert answer.json()["details"][2]["requestId"] == answer.headers["x-request-id"]
    return violation["field"], violation["description"]
