"""JSON Schemas (2020-12) of the contract's messages, as protobuf's JSON mapping writes them and protovalidate bounds them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor, OneofDescriptor

from tools.contract import Contract, Described

Schema = dict[str, Any]

INTEGER: Schema = {"type": "integer", "format": "int32"}
UNSIGNED: Schema = {"type": "integer", "format": "int64", "minimum": 0}
LONG: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
UNSIGNED_LONG: Schema = {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}
SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    **dict.fromkeys((FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_SFIXED32), INTEGER),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), UNSIGNED),
    **dict.fromkeys((FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64, FieldDescriptor.TYPE_SFIXED64), LONG),
    **dict.fromkeys((FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), UNSIGNED_LONG),
}
WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string", "examples": ["title,bodyFormat"]},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Value": {},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Any": {"type": "object", "required": ["@type"], "properties": {"@type": {"type": "string"}}},
    "google.api.HttpBody": {"type": "string", "contentMediaType": "application/octet-stream"},
}
# protovalidate's rule → JSON Schema's keyword, where the two mean the same and the value is a number.
BOUNDS = {
    "min_len": "minLength",
    "max_len": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_pairs": "minProperties",
    "max_pairs": "maxProperties",
    "gt": "exclusiveMinimum",
    "gte": "minimum",
    "lt": "exclusiveMaximum",
    "lte": "maximum",
}
UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
FORMATS = {"uuid": "uuid", "email": "email", "hostname": "hostname", "uri": "uri", "uri_ref": "uri-reference"}


def bounds(kind: str, rules: dict[str, Any]) -> Schema:
    """What the rules of one kind of value (`string`, `int32`, …) mean in JSON."""
    found: Schema = {}
    for rule, value in rules.items():
        if kind == "bytes" and rule == "max_len":
            found["maxLength"] = (int(value) + 2) // 3 * 4  # base64
        elif kind in ("int64", "uint64") and rule in ("gt", "gte"):
            # A string in JSON: its sign is all that a schema can say.
            found |= {"pattern": "^[0-9]+$"} if int(value) >= 0 else {}
        elif rule in BOUNDS and kind not in ("int64", "uint64", "bytes"):
            found[BOUNDS[rule]] = float(value) if kind in ("double", "float") else int(value)
        elif rule == "len":
            found |= {"minLength": int(value), "maxLength": int(value)}
        elif rule in FORMATS and value is True:
            found["format"] = FORMATS[rule]
        elif rule == "unique":
            found["uniqueItems"] = value
        elif kind == "string" and rule in ("pattern", "const"):
            found[rule] = value
        elif kind == "string" and rule == "in":
            found["enum"] = value
    return found


def or_empty(schema: Schema) -> Schema:
    """The same, or an empty string, without an alternative, of which generators would make a type of its own."""
    pattern = schema.get("pattern", UUID if schema.get("format") == "uuid" else "")
    kept = {name: value for name, value in schema.items() if name not in {"format", "minLength", "pattern"}}
    return {**kept, "pattern": f"^$|{pattern}"} if pattern else kept


def refuses_absence(kind: str, rules: dict[str, Any]) -> bool:
    """Whether a field without a value breaks these rules: absent means empty in this mapping."""
    wanted = any(int(rules.get(rule, 0)) > 0 for rule in ("min_len", "len", "min_items", "min_pairs"))
    return wanted or any(rules.get(rule) is True for rule in FORMATS) or (kind == "enum" and 0 in rules.get("not_in", ()))


@dataclass(frozen=True)
class Schemas:
    """Collects the schema of every message and enum that is referred to."""

    contract: Contract
    components: dict[str, Schema] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    """The contract's full name for each component."""

    def described(self, schema: Schema, element: Described) -> Schema:
        """The schema with the element's comment."""
        comment = self.contract.comment(element)
        return {**schema, "description": comment} if comment else schema

    def reference(self, kind: Descriptor | EnumDescriptor) -> Schema:
        """A schema that refers to the component, which is made when it is first needed."""
        if kind.full_name in WELL_KNOWN:
            return {**WELL_KNOWN[kind.full_name]}
        name = kind.full_name.removeprefix(f"{kind.file.package}.").replace(".", "")
        if self.named.setdefault(name, kind.full_name) != kind.full_name:
            raise ValueError(
                f"{kind.full_name} and {self.named[name]} have one name: rename either, for {name} is what clients call it"
            )
        if name not in self.components:
            self.components[name] = {}  # a message may hold itself
            self.components[name] = self.enum(kind) if isinstance(kind, EnumDescriptor) else self.message(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def body(self, method: MethodDescriptor, in_path: Collection[str]) -> Schema:
        """A reference to the request, or, where the path carries a part of it, to all else: a component of its own."""
        if not in_path:
            return self.reference(method.input_type)
        name = f"{method.name}Body"
        self.components[name] = self.message(method.input_type, in_path)
        return {"$ref": f"#/components/schemas/{name}"}

    def enum(self, kind: EnumDescriptor) -> Schema:
        values = [(value.name, self.contract.comment(value)) for value in kind.values]
        meanings = "\n".join(f"- `{name}`: {' '.join(comment.split())}" for name, comment in values)
        description = f"{self.contract.comment(kind)}\n\n{meanings}"
        return {"type": "string", "enum": [name for name, _ in values], "description": description}

    def message(self, kind: Descriptor, leave_out: Collection[str] = ()) -> Schema:
        """An object of the message's fields, without those that the path carries.

        That of some members there is just one cannot be said in a way that generators make types of: words say it.
        """
        fields = [part for part in kind.fields if part.name not in leave_out]
        schema: Schema = {"type": "object", "properties": {part.json_name: self.field(part) for part in fields}}
        required = [part.json_name for part in fields if self.is_required(part)]
        schema |= {"required": required} if required else {}
        described = self.described(schema, kind)
        choices = [self.choice(oneof) for oneof in kind.oneofs if not oneof.name.startswith("_")]
        if choices:
            described["description"] = " ".join([described.get("description", ""), *choices]).strip()
        return described

    def choice(self, oneof: OneofDescriptor) -> str:
        required = self.contract.options(oneof).get("[buf.validate.oneof]", {}).get("required", False)
        names = ", ".join(f"`{part.json_name}`" for part in oneof.fields)
        return f"{'Exactly' if required else 'At most'} one of {names} is there."

    def rules(self, part: FieldDescriptor) -> dict[str, Any]:
        """protovalidate's rules of the field, with the contract's names."""
        found: dict[str, Any] = self.contract.options(part).get("[buf.validate.field]", {})
        return found

    def is_required(self, part: FieldDescriptor) -> bool:
        rules = self.rules(part)
        if "ignore" in rules or part.has_presence:
            return bool(rules.get("required", False)) and part.containing_oneof is None
        kinds = ((kind, of) for kind, of in rules.items() if isinstance(of, dict))
        return bool(rules.get("required", False)) or any(refuses_absence(kind, of) for kind, of in kinds)

    def field(self, part: FieldDescriptor) -> Schema:
        """The field's value: type, bounds, comment."""
        rules = self.rules(part)
        if part.message_type is not None and part.message_type.GetOptions().map_entry:
            schema = self.map(part, rules.get("map", {}))
        elif part.is_repeated:
            of = rules.get("repeated", {})
            schema = {"type": "array", "items": self.value(part, of.get("items", {})), **bounds("repeated", of)}
        else:
            schema = self.value(part, rules)
            if "ignore" in rules and part.type == FieldDescriptor.TYPE_STRING:
                schema = or_empty(schema)
        described = self.described(schema, part)
        for rule in rules.get("cel", ()):
            described["description"] = f"{described.get('description', '')} Rule: {rule['message']}.".strip()
        return described

    def map(self, part: FieldDescriptor, rules: dict[str, Any]) -> Schema:
        assert part.message_type is not None
        key, value = (part.message_type.fields_by_name[name] for name in ("key", "value"))
        names = bounds("string", rules.get("keys", {}).get("string", {}))
        # A generator's name for the map, which would else be that of a message (Page.links, and PageLinks).
        title = f"{part.name.title().replace('_', '')}Map"
        schema: Schema = {"type": "object", "title": title, "additionalProperties": self.value(value, rules.get("values", {}))}
        assert key.type == FieldDescriptor.TYPE_STRING, f"{part.full_name}: a map's keys are strings here"
        return {**schema, **({"propertyNames": names} if names else {}), **bounds("map", rules)}

    def value(self, part: FieldDescriptor, rules: dict[str, Any]) -> Schema:
        """One value of the field, leaving aside whether it is repeated."""
        if part.enum_type is not None:
            refused = [part.enum_type.values_by_number[number].name for number in rules.get("enum", {}).get("not_in", ())]
            return {**self.reference(part.enum_type), **({"not": {"enum": refused}} if refused else {})}
        if part.message_type is not None:
            return {**self.reference(part.message_type)}
        schema = {**SCALARS[part.type]}
        for kind, of in rules.items():
            if isinstance(of, dict):
                schema |= bounds(kind, of)
        return schema
