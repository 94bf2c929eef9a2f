"""Every limit that a rule of the contract states: its edge is accepted, and one beyond is refused at its field (C14)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_member_pb2 import MemberMove, MemberPermission
from server.rpc.requests.validation import found_in
from tools import generate, limits
from tools.contract import Contract

CONTRACT = Contract.parse((generate.ROOT / generate.ENVOY).read_bytes())
STRINGS: tuple[Callable[[int], str], ...] = (
    lambda n: "a" * n,
    lambda n: "/" + "a" * (n - 1),
    lambda n: ("en" if n % 9 in {2, 0, 5, 6, 7, 8} else "eng") + ("-abcdefgh" * (n // 9 + 1)),
    lambda n: "eng" + "-abcdefgh" * ((n - 3) // 9) + "-" + "a" * ((n - 3) % 9 - 1),
    lambda n: "a." + "b" * (n - 2),
    lambda n: "5" * n,
    lambda n: "content_type desc, publish_time desc",
    lambda n: "details/" + "a" * (n - 8),
    lambda n: "w9999-h9999-cover-x100-y100.webp",
)
"""Texts of any length, one of which fits each pattern of the contract."""


READ = Permission.PERMISSION_DOCUMENTS_READ
ELEMENTS: dict[str, Callable[[int], Message]] = {
    "gazette.content.v1.MemberMove": lambda at: MemberMove(source=f"/a{at}", target=f"/b{at}"),
    "gazette.content.v1.MemberPermission": lambda at: MemberPermission(
        member=f"/a{at}", permission=Permission.PERMISSION_DOCUMENTS_READ
    ),
}
"""Elements of lists that are messages, no two alike."""


def messages() -> list[type[Message]]:
    """What requests consist of."""
    names = sorted(each.full_name for each in limits.asked(CONTRACT) if not each.GetOptions().map_entry)
    return [GetMessageClass(Default().FindMessageTypeByName(name)) for name in names]


def rules_of(message: Any, field: Any) -> dict[str, Any]:
    found = CONTRACT.pool.FindMessageTypeByName(message.full_name).fields_by_name[field.name]
    rules: dict[str, Any] = CONTRACT.options(found).get(limits.RULES, {})
    return rules


def text_of(length: int, rule: dict[str, Any]) -> str:
    """A text of this length that has the pattern."""
    pattern = rule.get("pattern", "")
    found = next((text for make in STRINGS if len(text := make(length)[:length]) == length and re.search(pattern, text)), None)
    assert found is not None or not pattern, f"no text of {length} characters fits {pattern}: add one to STRINGS"
    return found or "a" * length


def scalars(rules: dict[str, Any], kind: FieldDescriptor | None) -> tuple[list[Any], list[Any]]:
    """Values at the edges of the rules of one value, and values one beyond."""
    good: list[Any] = []
    bad: list[Any] = []
    for name, rule in rules.items():
        if name in {"string", "bytes"}:
            good, bad = texts(rule)
            if name == "bytes":
                good, bad = [text.encode() for text in good], [text.encode() for text in bad]
        elif name in {"int32", "int64"}:
            for bound, step in (("gte", -1), ("lte", 1)):
                if bound in rule:
                    good, bad = [*good, int(rule[bound])], [*bad, int(rule[bound]) + step]
        elif name == "enum" and kind is not None and kind.enum_type is not None:
            known, refused = {value.number for value in kind.enum_type.values}, {*rule.get("not_in", ())}
            good, bad = sorted(known - refused), [max(known) + 1, *refused]
    return good, bad


def texts(rule: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The same of strings."""
    if rule.get("uuid"):
        text = str(uuid.uuid4())
        return [text], ["x", text + "0", text[:-1]]
    if some := rule.get("in"):
        return [*some], ["x", f"{some[-1]} "]
    good, bad = [], []
    if most := int(rule.get("max_len", 0)):
        good, bad = [text_of(most, rule)], [text_of(most, rule) + "a"]
    if least := int(rule.get("min_len", 0)):
        good, bad = [*good, text_of(least, rule)], [*bad, "a" * (least - 1)]
    if pattern := rule.get("pattern"):
        exact = re.search(r"\{(\d+)\}", pattern)
        length = most or (int(exact[1]) if exact else 2)
        good = [*good, text_of(length, rule)]
        bad = [*bad, "\x01 {", text_of(length, rule) + "\n"]
    return good, bad


def put(message: Message, field: FieldDescriptor, value: Any) -> None:
    """A value, a list, or the entries of a map."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        for key in value:
            getattr(message, field.name)[key].SetInParent()
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.message_type is not None:
        getattr(message, field.name).seconds = value
    else:
        setattr(message, field.name, value)


def cases(field: FieldDescriptor, rules: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What the field may be at its limits, and what it may not be."""
    good, bad = scalars(rules, field)
    if some := rules.get("repeated"):
        items, wrong = scalars(some.get("items", {}), field)
        most, least = int(some["max_items"]), int(some.get("min_items", 0))
        if field.enum_type is not None:  # there are not as many; so all of them
            good, bad = [items, items[:1]], [[*items, *([items[0]] * most)]]
        elif field.message_type is not None:
            good, bad = [[element(field.message_type)]], [[element(field.message_type)] * (most + 1)]
        else:
            make = item(field, some)
            good, bad = [[make(at) for at in range(most)], [make(0)]], [[make(at) for at in range(most + 1)]]
        good += [[each] for each in items]
        bad += [[each] for each in wrong] + ([[good[1][0]] * 2] if some.get("unique") else []) + ([[]] if least else [])
    if pairs := rules.get("map"):
        most = int(pairs["max_pairs"])
        keys, wrong = scalars(pairs.get("keys", {}), None)
        good = [[f"k{at}" for at in range(most)], *([key] for key in keys)]
        bad = [[f"k{at}" for at in range(most + 1)], *([key] for key in wrong if key)]
    for kind in ("duration", "timestamp"):
        if rule := rules.get(kind):
            lowest, highest = (seconds(rule[bound]) for bound in ("gte", "lte"))
            good, bad = [lowest, highest], [lowest - 1, highest + 1]
    return good, bad


def element(kind: Any) -> Message:
    """A message of a list, each of its fields at the edge of what it may be, but for what another field has to allow."""
    made, rules = GetMessageClass(kind)(), kind.GetOptions().SerializeToString()
    for field in kind.fields:
        if field.enum_type is None and f"this.{field.name} ".encode() in rules:
            continue
        if good := scalars(rules_of(kind, field), field)[0]:
            setattr(made, field.name, good[-1])
    return made


def item(field: FieldDescriptor, rules: dict[str, Any]) -> Any:
    """Makes elements, no two alike."""
    if field.message_type is not None:
        return ELEMENTS[field.message_type.full_name]
    of_string = rules.get("items", {}).get("string", {})
    if of_string.get("uuid"):
        return lambda _: str(uuid.uuid4())
    if field.message_type is not None:
        kind = GetMessageClass(Default().FindMessageTypeByName(field.message_type.full_name))
        texts_of_it = [each.name for each in kind.DESCRIPTOR.fields if each.type == FieldDescriptor.TYPE_STRING]
        return lambda _: kind(**dict.fromkeys(texts_of_it, "a"))
    if (pattern := of_string.get("pattern", "")) and not re.search(pattern, "/a0"):
        return lambda at: f"a{chr(97 + at)}"
    return lambda at: f"/a{at}" if "pattern" in of_string else f"a{at}"


def seconds(said: str) -> int:
    return int(said[:-1]) if said.endswith("s") else {"1970": 0, "9999": 253402300799}[said[:4]]


def refused(message: Message, name: str) -> bool:
    """Whether something is wrong with the field."""
    return any(re.match(rf"{name}($|[\[.])", each.field) for each in found_in(message))


def constrained() -> Iterator[tuple[type[Message], Any, dict[str, Any]]]:
    for kind in messages():
        for field in kind.DESCRIPTOR.fields:
            if rules := rules_of(kind.DESCRIPTOR, field):
                yield kind, field, rules


def test_every_edge() -> None:
    """What is at a limit is accepted by it, and one beyond is refused with the field's path: every field of every request."""
    tried, wrong = 0, []
    for kind, field, rules in constrained():
        good, bad = cases(field, rules)
        if rules.get("required") and field.message_type is not None:
            bad_one = kind()
            assert refused(bad_one, field.name), (kind, field.name)
            tried += 1
        for value, is_bad in [(value, False) for value in good] + [(value, True) for value in bad]:
            message = kind()
            put(message, field, value)
            if is_bad and rules.get("ignore") and not value:
                continue
            tried += 1
            if refused(message, field.name) != is_bad:
                wrong.append((kind.DESCRIPTOR.full_name, field.name, str(value)[:60], "passes" if is_bad else "is refused"))
        if set(rules) - {"required", "ignore", "cel"}:
            assert good, (kind, field.name, "has rules that this test does not know")
            assert bad, (kind, field.name, "has rules that this test does not know")
    assert wrong == []
    assert tried > 400


@pytest.mark.parametrize(
    "field", ["links", "tags", "attachments", "translation_keys", "html_members", "scopes", "details_schema"]
)
def test_the_page_has_what_there_is(field: str) -> None:
    """Each field that can hold many things has its row in docs/limits.md."""
    page = (generate.ROOT / generate.LIMITS).read_text()
    assert f"`{field}`" in page


def test_no_list_is_without_a_limit() -> None:
    """A list or map of a request has a rule that says how much it may hold, unless the server sets it."""
    unbounded = {
        f"{kind.DESCRIPTOR.name}.{field.name}"
        for kind in messages()
        for field in kind.DESCRIPTOR.fields
        if field.is_repeated and not {"repeated", "map"} & set(rules_of(kind.DESCRIPTOR, field))
    }
    assert unbounded == {"Account.grants", "Draft.approvals", "Grant.locales", "Organisation.path_prefixes"}
