"""Brings the strings of a request into the forms that the contract names, and finds those that are none.

It comes before all rules, so that lengths, and what must be unique, are those of what is stored. What is to be done for a kind
of message is found out once, and for one without texts that is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from gazette.text.v1.text_pb2 import TextKind, TextRule, text
from server.rpc.failures import MAX_DESCRIPTION, MAX_FIELD, InvalidArgument, Violation, cut
from server.rpc.objects import Budget
from server.rpc.requests.sizes import MAX_ELEMENTS, is_map, size
from server.rpc.requests.validation import MAX_VALUES
from server.rpc.texts.characters import Unfit, is_visible, names_of
from server.rpc.texts.forms import FORMS, Form, data, folded, is_plain

FEW_CHARACTERS = 25_000
"""How many may be looked at where the message arrives, half a microsecond each at the worst; where all is ASCII, ASCII times as
many."""
ASCII = 16
ANY_NUMBER = 1 << 40
MAX_VIOLATIONS = 20
MAX_NAMES = 3

SEEN = {TextKind.TEXT_KIND_LINE, TextKind.TEXT_KIND_PARAGRAPHS, TextKind.TEXT_KIND_TAG}
"""Kinds of which nothing is left where nothing can be seen."""
SHORT = {TextKind.TEXT_KIND_LANGUAGE, TextKind.TEXT_KIND_CODE, TextKind.TEXT_KIND_TOKEN}

Settle = Callable[[Any, str, "Bounds"], Iterator[Violation]]
Made = TypeVar("Made", bound=Message)


@dataclass(slots=True)
class Bounds:
    """How much may still be looked at."""

    characters: Budget
    values: Budget
    """Of objects."""


class NotSaid(Exception):
    """The contract does not say what a string is; stops the start."""


class Texts(NamedTuple):
    """What a kind of message holds."""

    short: tuple[tuple[str, Form], ...]
    """Fields whose forms cost next to nothing, however long the text. GetPage has no others."""
    fields: tuple[tuple[str, Settle], ...]
    """Fields with a form, and what settles each."""
    messages: tuple[tuple[str, FieldDescriptor, Texts], ...]
    """Fields whose messages hold some."""


@cache
def texts(kind: Descriptor) -> Texts | None:
    """None for a message without. Raises NotSaid."""
    short, fields, messages = [], [], []
    for field in kind.fields:
        rule = rule_of(field)
        if rule is None:
            if (inner := inside(field)) is not None and (held := texts(inner)) is not None:
                messages.append((field.name, field, held))
        elif rule.kind in SHORT and not field.is_repeated:
            short.append((field.name, FORMS[rule.kind]))
        elif rule.kind != TextKind.TEXT_KIND_VERBATIM:
            fields.append((field.name, settling(field, rule)))
    return Texts((*short,), (*fields,), (*messages,)) if short or fields or messages else None


def rule_of(field: FieldDescriptor) -> TextRule | None:
    """Raises NotSaid for a rule that names no kind."""
    options = field.GetOptions()
    if not options.HasExtension(text):
        return None
    rule: TextRule = options.Extensions[text]
    if rule.kind not in FORMS:
        raise NotSaid(f"{field.full_name} does not say what its text is")
    return rule


def inside(field: FieldDescriptor) -> Descriptor | None:
    """The message of ours that the field holds; of a map, that of its values."""
    kind = field.message_type
    if kind is not None and is_map(field):
        kind = kind.fields_by_name["value"].message_type
    return kind if kind is not None and kind.file.package.startswith("gazette.") else None


def settling(field: FieldDescriptor, rule: TextRule) -> Settle:
    """What settles the field."""
    name, form = field.name, form_of(rule)
    if field.message_type is not None:
        return lambda message, path, bounds: settled_struct(getattr(message, name), path, bounds)
    if field.is_repeated:
        longest = (size(field).max_length or 0) if rule.kind == TextKind.TEXT_KIND_TAG else 0
        return lambda message, path, bounds: settled_list(getattr(message, name), form, path, bounds, longest)
    return lambda message, path, bounds: settled_string(message, name, form, path, bounds)


def settled_string(message: Any, name: str, form: Form, path: str, bounds: Bounds) -> Iterator[Violation]:
    given = getattr(message, name)
    if not given:
        return
    spend(bounds, given)
    try:
        fit = form(given)
    except Unfit as unfit:
        yield Violation(path, str(unfit))
        return
    if fit != given:
        setattr(message, name, fit)


def form_of(rule: TextRule) -> Form:
    """The kind's form, and of what is to be seen nothing, or a refusal, where nothing can be."""
    form, must_be_visible = FORMS[rule.kind], rule.visible
    if rule.kind not in SEEN:
        return form

    def seen(given: str) -> str:
        fit = form(given)
        if (is_plain(fit) and fit) or is_visible(fit):
            return fit
        if must_be_visible:
            names = [*names_of(given[:100])]
            told = ", ".join(names[:MAX_NAMES]) + (", …" if len(names) > MAX_NAMES else "")
            raise Unfit(f"has nothing that can be seen, but {told}")
        return ""

    return seen


def spend(bounds: Bounds, given: str) -> None:
    bounds.characters.spend(len(given) // ASCII if given.isascii() else len(given))


def settled_list(given: Any, form: Form, path: str, bounds: Bounds, longest: int) -> Iterator[Violation]:
    """`longest` is a tag that may be compared with others: what is longer is refused for that. 0 for what is no tag."""
    if len(given) > MAX_ELEMENTS:  # is refused for that
        return
    known: dict[str, int] = {}
    for at, each in enumerate(given):
        spend(bounds, each)
        try:
            fit = form(each) if each else each
        except Unfit as unfit:
            yield Violation(f"{path}[{at}]", str(unfit))
            continue
        if fit != each:
            given[at] = fit
        if 0 < len(fit) <= longest and (earlier := known.setdefault(folded(fit), at)) != at:
            yield Violation(f"{path}[{at}]", f"is the same as `{path}[{earlier}]`: {given[earlier]}")


def settled_struct(struct: Struct, path: str, bounds: Bounds) -> Iterator[Violation]:
    renamed: list[tuple[str, str]] = []
    for key, value in struct.fields.items():
        bounds.values.spend()
        if not is_plain(key):
            try:
                spend(bounds, key)
                fit = data(key)
            except Unfit as unfit:
                yield Violation(path, f"has a member in whose name {unfit}")
            else:
                if fit != key:
                    renamed.append((key, fit))
        yield from settled_value(value, path, key, bounds)
    for key, fit in renamed:
        if fit in struct.fields:
            yield Violation(path, f"has two members of one name: {cut(fit, MAX_FIELD)}")
            return
        struct.fields[fit].CopyFrom(struct.fields[key])
        del struct.fields[key]


def settled_value(value: Value, path: str, key: str | int, bounds: Bounds) -> Iterator[Violation]:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        given = value.string_value
        spend(bounds, given)
        if is_plain(given):
            return
        try:
            fit = data(given)
        except Unfit as unfit:
            yield Violation(below(path, key), str(unfit))
            return
        if fit != given:
            value.string_value = fit
    elif kind == "struct_value":
        yield from settled_struct(value.struct_value, below(path, key), bounds)
    elif kind == "list_value":
        for at, each in enumerate(value.list_value.values):
            bounds.values.spend()
            yield from settled_value(each, below(path, key), at, bounds)


def below(path: str, key: str | int) -> str:
    """Where a member or an element is. A path that is longer than any that is told grows no further."""
    if len(path) > MAX_FIELD:
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"


def settle(message: Message, characters: int = ANY_NUMBER, values: int = MAX_VALUES) -> list[Violation]:
    """Settles the message, and says what is wrong with it, as far as it is told. Raises TooManyValues for one with more to be
    looked at than this; part of it is settled then."""
    kind = texts(message.DESCRIPTOR)
    if kind is None:
        return []
    found = settled_short(message, kind, "")
    if kind.fields or kind.messages:
        found += islice(violations(message, kind, "", Bounds(Budget(characters), Budget(values))), MAX_VIOLATIONS)
    return [Violation(cut(field, MAX_FIELD), cut(why, MAX_DESCRIPTION)) for field, why in found] if found else found


def settled_short(message: Any, kind: Texts, prefix: str) -> list[Violation]:
    """No generator and nothing to count: the hot path comes by here."""
    found = []
    for name, form in kind.short:
        given = getattr(message, name)
        if given:
            try:
                fit = form(given)
            except Unfit as unfit:
                found.append(Violation(prefix + name, str(unfit)))
            else:
                if fit != given:
                    setattr(message, name, fit)
    return found


def violations(message: Any, kind: Texts, prefix: str, bounds: Bounds) -> Iterator[Violation]:
    """Of all but the message's own short texts."""
    for name, settle_field in kind.fields:
        yield from settle_field(message, prefix + name, bounds)
    for name, field, inner in kind.messages:
        if is_map(field):
            for key, each in getattr(message, name).items():
                yield from all_violations(each, inner, f"{prefix}{name}[{key}].", bounds)
        elif field.is_repeated:
            for at, each in enumerate(getattr(message, name)):
                yield from all_violations(each, inner, f"{prefix}{name}[{at}].", bounds)
        elif message.HasField(name):
            yield from all_violations(getattr(message, name), inner, f"{prefix}{name}.", bounds)


def all_violations(message: Any, kind: Texts, prefix: str, bounds: Bounds) -> Iterator[Violation]:
    yield from settled_short(message, kind, prefix)
    yield from violations(message, kind, prefix, bounds)


def settled(message: Made) -> Made:
    """The message, settled: for what comes in by another way than a call. Raises InvalidArgument."""
    if found := settle(message):
        raise InvalidArgument(*found)
    return message
