"""The contract's HTTP form as OpenAPI 3.1: what Envoy serves, read from the same descriptors, such that generators make clients
of it that compile.

`tools.bindings` knows what is found where; `paths` says what it is called, `operations` what each takes and answers, `refusals`
how it may fail, `schemas` what the messages look like, `headers` what goes beside them, and `examples.json` has requests and
answers of a real server.
"""

import json
import tomllib
from pathlib import Path

from tools.bindings import routes
from tools.contract import Contract
from tools.openapi import headers
from tools.openapi.operations import ACCESS, Operations
from tools.openapi.paths import Paths, operation_id
from tools.openapi.schemas import Schema, Schemas

__all__ = ["ACCESS", "openapi"]

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = Path(__file__).resolve().parent / "examples.json"
ABOUT = """\
Drafts, publication and a permanent public record, for the websites of a government. This is the HTTP form of one contract,
which gRPC and gRPC-Web clients share.

A reader needs no sign-in: `getPage` and `listPages`. Everyone else signs in by `login`, and sends the access token, or an API
key, as `Authorization: Bearer …`.

An error is a `Status`, whose first detail has a `reason` that is for programs. int64 values are strings, times are RFC 3339.
"""
STATUS: Schema = {
    "type": "object",
    "description": "What went wrong (google.rpc.Status). Its first detail says why, in a `reason` that stays.",
    "properties": {
        "code": {"type": "integer", "format": "int32", "description": "The gRPC status code."},
        "message": {"type": "string", "description": "For people; may change."},
        "details": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
    },
}
ERROR_DETAIL: Schema = {
    "type": "object",
    "description": "One of the messages of google/rpc/error_details.proto, as its `@type` says.",
    "required": ["@type"],
    "properties": {
        "@type": {"type": "string", "description": "`type.googleapis.com/` and the message's name."},
        "reason": {"type": "string", "description": "google.rpc.ErrorInfo: what went wrong, for programs."},
        "domain": {"type": "string", "description": "google.rpc.ErrorInfo: `gazette`."},
        "metadata": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "google.rpc.ErrorInfo: what the reason is about.",
        },
        "fieldViolations": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/FieldViolation"},
            "description": "google.rpc.BadRequest: what is wrong with which field.",
        },
        "retryDelay": {"type": "string", "description": "google.rpc.RetryInfo: how long to wait, such as `1s`."},
        "requestId": {"type": "string", "description": "google.rpc.RequestInfo: the request's id."},
    },
    "additionalProperties": True,
}
FIELD_VIOLATION: Schema = {
    "type": "object",
    "description": "What is wrong with one field.",
    "properties": {
        "field": {"type": "string", "description": "Its path in the request."},
        "description": {"type": "string", "description": "What is wrong, for people."},
        "reason": {"type": "string", "description": "What is wrong, for programs; may be empty."},
    },
    "additionalProperties": True,
}
SECURITY: Schema = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`accessToken` of an answer of `login` or `refreshToken`.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "gaz_…",
        "description": "A service account's key, in the same header.",
    },
}


def openapi(compiled: bytes) -> Schema:
    """The document for a compiled contract (a FileDescriptorSet with source info)."""
    contract = Contract.parse(compiled)
    found = routes(contract)
    paths, schemas = Paths.of(found), Schemas(contract)
    names = [operation_id(route) for route in found]
    assert len(names) == len(set(names)), f"one name for two: {sorted({name for name in names if names.count(name) > 1})}"
    operations = Operations(contract, paths, schemas, json.loads(EXAMPLES.read_text()))
    made: dict[str, Schema] = {}
    for route in found:
        made.setdefault(paths.path(route.template), {})[route.verb] = operations.operation(route)
    used = {route.method.containing_service.name: route.method.containing_service for route in found}
    details = {"Status": STATUS, "ErrorDetail": ERROR_DETAIL, "FieldViolation": FIELD_VIOLATION}
    refusal = {"schema": {"$ref": "#/components/schemas/Status"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gazette",
            "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
            "summary": "The backend of a government's websites.",
            "description": ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [{"name": name, "description": contract.comment(service)} for name, service in sorted(used.items())],
        "paths": dict(sorted(made.items())),
        "components": {
            "schemas": dict(sorted((schemas.components | details).items())),
            "parameters": headers.request_components(),
            "headers": headers.answer_components(),
            "responses": {"Refusal": {"description": "What went wrong.", "content": {"application/json": refusal}}},
            "securitySchemes": SECURITY,
        },
    }
