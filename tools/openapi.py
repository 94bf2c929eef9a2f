"""The contract's HTTP form as OpenAPI 3.1: what Envoy's transcoder serves, read from the same descriptors."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from tools.contract import Contract
from tools.openapi_schemas import WELL_KNOWN, Schema, Schemas

VERBS = ("get", "put", "post", "delete", "patch")
HTTP_BODY = "google.api.HttpBody"
ACCESS = "[gazette.access.v1.access]"
VARIABLE = re.compile(r"\{([\w.]+)(?:=([^}]*))?\}")
STATUS: Schema = {
    "type": "object",
    "description": (
        "What went wrong (google.rpc.Status). The first detail is a google.rpc.ErrorInfo with a stable `reason`; bad input "
        "adds a google.rpc.BadRequest that names the fields."
    ),
    "properties": {
        "code": {"type": "integer", "format": "int32", "description": "The gRPC status code."},
        "message": {"type": "string", "description": "For people; may change."},
        "details": {"type": "array", "items": WELL_KNOWN["google.protobuf.Any"]},
    },
}


def bindings(rule: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each (verb, path template, rule) that a google.api.http option declares."""
    for one in (rule, *rule.get("additional_bindings", ())):
        for verb in VERBS:
            if verb in one:
                yield verb, one[verb], one


def field_at(message: Descriptor, path: str) -> FieldDescriptor:
    """The field that a dotted path names."""
    first, _, rest = path.partition(".")
    found = message.fields_by_name[first]
    return field_at(message_of(found), rest) if rest else found


def message_of(part: FieldDescriptor) -> Descriptor:
    assert part.message_type is not None, f"{part.full_name} is no message"
    return part.message_type


class OpenApi:
    """One document in the making."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.schemas = Schemas(contract)

    def path_parameter(self, message: Descriptor, name: str, pattern: str) -> Schema:
        schema = self.schemas.field(field_at(message, name))
        description = schema.pop("description", "")
        if "**" in pattern:
            description = f"{description} Its slashes stand unescaped."
        return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}

    def query_parameters(self, message: Descriptor, leave_out: set[str], prefix: str = "") -> Iterator[Schema]:
        """The fields that neither the path nor the body carries, as protobuf's HTTP mapping spells them."""
        for part in message.fields:
            name = f"{prefix}{part.json_name}"
            if f"{prefix}{part.name}" in leave_out:
                continue
            inner = part.message_type
            if inner is not None and inner.full_name not in WELL_KNOWN:
                if not part.is_repeated:
                    yield from self.query_parameters(inner, leave_out, f"{name}.")
                continue
            schema = self.schemas.field(part)
            description = schema.pop("description", "")
            parameter: Schema = {"name": name, "in": "query", "description": description, "schema": schema}
            yield {**parameter, "required": True} if self.schemas.is_required(part) else parameter

    def request_body(self, method: MethodDescriptor, body: str, in_path: set[str]) -> Schema:
        """What the request carries: a field of the message, or all that the path does not."""
        if body == "*":
            schema = self.schemas.message(method.input_type, in_path)
        else:
            inner = message_of(method.input_type.fields_by_name[body])
            if inner.full_name == HTTP_BODY:
                return {"required": True, "content": {"*/*": {}}}
            schema = self.schemas.reference(inner)
        if method.client_streaming:
            schema = {"type": "array", "items": schema}
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    def answers(self, method: MethodDescriptor) -> Schema:
        """The answer of a call that went well, and the one form that every other has."""
        kind = "application/x-ndjson" if method.server_streaming else "application/json"
        content: Schema = {kind: {"schema": self.schemas.reference(method.output_type)}}
        if method.output_type.full_name == HTTP_BODY:
            content = {"*/*": {}}
        description = self.contract.comment(method.output_type) or "The bytes."
        refused = {"schema": {"$ref": "#/components/schemas/Status"}}
        return {
            "200": {"description": description, "content": content},
            "default": {"description": "What went wrong.", "content": {"application/json": refused}},
        }

    def access(self, method: MethodDescriptor) -> Schema:
        """Who may call it."""
        rule = self.contract.options(method).get(ACCESS, {})
        signed_in: Schema = {"bearer": []}
        if "public" in rule:
            return {"security": [{}, signed_in]}
        permission = rule.get("permission")
        return {"security": [signed_in], **({"x-permission": permission} if permission else {})}

    def operation(self, method: MethodDescriptor, template: str, rule: dict[str, Any], number: int) -> Schema:
        """One RPC at one of its bindings."""
        message, body = method.input_type, rule.get("body", "")
        in_path = dict(VARIABLE.findall(template))
        parameters = [self.path_parameter(message, name, pattern) for name, pattern in in_path.items()]
        if body != "*":
            parameters += self.query_parameters(message, {*in_path, body})
        comment = self.contract.comment(method)
        made: Schema = {
            "operationId": f"{method.containing_service.name}_{method.name}{number or ''}",
            "tags": [method.containing_service.name],
            "summary": re.split(r"(?<=[.:])\s", comment, maxsplit=1)[0].rstrip(".:"),
            "description": comment,
            "parameters": parameters,
        }
        if body:
            made["requestBody"] = self.request_body(method, body, set(in_path))
        return {**made, "responses": self.answers(method), **self.access(method)}

    def document(self) -> Schema:
        paths: dict[str, Schema] = {}
        tags: list[Schema] = []
        for service in self.contract.services():
            tags.append({"name": service.name, "description": self.contract.comment(service)})
            for method in service.methods:
                rule = self.contract.options(method).get("[google.api.http]", {})
                for number, (verb, template, binding) in enumerate(bindings(rule)):
                    path = VARIABLE.sub(r"{\1}", template)
                    paths.setdefault(path, {})[verb] = self.operation(method, template, binding, number)
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        schemas = {**self.schemas.components, "Status": STATUS}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Gazette", "version": "v1", "description": "The HTTP form of the contract in `proto/`."},
            "servers": [{"url": "/"}],
            "tags": tags,
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": {"bearer": scheme}},
        }


def openapi(compiled: bytes) -> Schema:
    """The document for a compiled contract (a FileDescriptorSet with source info)."""
    return OpenApi(Contract.parse(compiled)).document()
