"""One RPC as an OpenAPI operation: what it takes, what it answers, and who may call it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from tools.bindings import HTTP_BODY, Route, field_at, message_of
from tools.contract import Contract
from tools.openapi import headers, refusals
from tools.openapi.paths import Paths, operation_id
from tools.openapi.schemas import Schema, Schemas

ACCESS = "[gazette.access.v1.access]"
BINARY: Schema = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
CREATES = {
    "CreateTusUpload",
    "CreateUpload",
    "AddComment",
    "CreateApiKey",
    "CreateContentType",
    "CreateDocument",
    "CreateOrganisation",
    "CreateServiceAccount",
    "InviteAccount",
    "UploadFileContent",
}
"""Answer 201 with Location (`http.created` of `server/rpc/http.py`)."""
CACHED = {"GetPage", "ListPages", "GetJwks"}
"""Have an ETag, and answer 304 to who has that version."""
TUS = {
    "AppendUpload": ("TusResumable", "UploadOffset", "UploadChecksum"),
    "CancelUpload": ("TusResumable",),
    "CreateTusUpload": ("TusResumable", "UploadLength", "UploadMetadata"),
    "GetUpload": ("TusResumable",),
}
"""What clients of tus call, and what they say in headers."""
TELL_PROGRESS = {"AppendUpload", "CreateTusUpload", "CreateUpload", "GetUpload"}
"""Say in headers how far an upload has come."""
WITHOUT_BODY = {"AppendUpload", "CancelUpload"}
"""Answer a client of tus by 204."""
SHOWS_MORE = {"DownloadFile", "GetFile"}
"""Are for everyone, and for who is signed in also where they are not public."""
SIGNED_IN: Schema = {"accessToken": []}
SERVICE: Schema = {"apiKey": []}


@dataclass(frozen=True)
class Operations:
    """Makes operations, and collects the schemas that they refer to."""

    contract: Contract
    paths: Paths
    schemas: Schemas
    examples: Schema = field(default_factory=dict)
    """By operation: `request`, `parameters` by name, and `answers` by status."""

    def operation(self, route: Route) -> Schema:
        method, comment = route.method, self.contract.comment(route.method)
        example = self.examples.get(operation_id(route), {})
        parameters = [*self.path_parameters(route), *self.query_parameters(route), *self.header_parameters(route)]
        for parameter in parameters:
            if parameter.get("name") in example.get("parameters", {}):
                parameter["example"] = example["parameters"][parameter["name"]]
        made: Schema = {
            "operationId": operation_id(route),
            "tags": [method.containing_service.name],
            "summary": re.split(r"(?<=[.:])\s", comment, maxsplit=1)[0].rstrip(".:"),
            "description": comment,
            "parameters": parameters,
        }
        if route.body:
            made["requestBody"] = self.request_body(route)
            if "request" in example:
                next(iter(made["requestBody"]["content"].values()))["example"] = example["request"]
        return {**made, "responses": self.answers(route, example.get("answers", {})), **self.access(method)}

    def path_parameters(self, route: Route) -> Iterator[Schema]:
        names = self.paths.parameters(route.template)
        for variable, pattern in route.variables.items():
            schema = self.schemas.field(field_at(route.method.input_type, variable))
            description = schema.pop("description", "")
            if "**" in pattern:
                description += " Its slashes may stand as they are, or encoded (`%2F`) as clients do it: it is the same path."
                schema.setdefault("minLength", 1)
            yield {"name": names[variable], "in": "path", "required": True, "description": description, "schema": schema}

    def query_parameters(self, route: Route) -> Iterator[Schema]:
        """Those of this binding; what another one carries in its path is asked for there."""
        for path in route.query():
            if ".".join(part.name for part in path) not in route.elsewhere:
                schema = self.schemas.field(path[-1])
                name, description = ".".join(part.json_name for part in path), schema.pop("description", "")
                parameter: Schema = {"name": name, "in": "query", "description": description, "schema": schema}
                yield {**parameter, "required": True} if self.schemas.is_required(path[-1]) else parameter

    def header_parameters(self, route: Route) -> list[Schema]:
        method, wanted = route.method, []
        if self.contract.options(method).get("[gazette.calls.v1.takes_idempotency_key]"):
            wanted.append("IdempotencyKey")
        if method.name in CACHED or is_download(method):
            wanted.append("IfNoneMatch")
        if is_download(method):
            wanted.append("Range")
        if "min_record_number" in method.input_type.fields_by_name:
            wanted.append("XMinRecordNumber")
        return headers.of_request(*wanted, *TUS.get(method.name, ()))

    def request_body(self, route: Route) -> Schema:
        """A field of the message, or all that the path does not carry."""
        message, in_path = route.method.input_type, set(route.variables)
        if route.body == "*":
            schema = self.schemas.body(route.method, in_path)
            required = bool(self.schemas.components[schema["$ref"].rpartition("/")[2]].get("required"))
        else:
            inner = message_of(message.fields_by_name[route.body])
            if inner.full_name == HTTP_BODY:
                return {"required": True, "content": {"application/octet-stream": {"schema": {**BINARY}}}}
            schema, required = self.schemas.reference(inner), True
        if route.method.client_streaming:
            schema, required = {"type": "array", "items": schema, "minItems": 1}, True
        return {"required": required, "content": {"application/json": {"schema": schema}}}

    def answers(self, route: Route, examples: Schema) -> Schema:
        """By status: what goes well, and every refusal with its reasons."""
        method = route.method
        found = {**self.successes(method), **self.refused(route)}
        for status, example in examples.items():
            assert status in found, f"{operation_id(route)} has an example of {status}, and no such answer"
            next(iter(found[status]["content"].values()))["example"] = example
        return dict(sorted(found.items()))

    def successes(self, method: MethodDescriptor) -> Schema:
        common = (*headers.ON_ALL, *(() if self.is_public_read(method) else headers.OF_RATES))
        said = self.contract.comment(method.output_type) or "The bytes."
        kind = "application/x-ndjson" if method.server_streaming else "application/json"
        content: Schema = {kind: {"schema": self.schemas.reference(method.output_type)}}
        if method.server_streaming:
            said += " One JSON object a line, each of which has this schema."
        if method.output_type.full_name == HTTP_BODY:
            return self.download(said, common)
        cached = ("ETag", "CacheControl") if method.name in CACHED else ()
        status, more = ("201", ("Created",)) if method.name in CREATES else ("200", cached)
        if method.name == "GetPage":
            more = (*more, "ContentLanguage")
        if method.name in TELL_PROGRESS:
            more = (*more, "UploadOffset", "UploadLength", "UploadExpires")
        found: Schema = {status: {"description": said, "headers": headers.of_answer(*common, *more), "content": content}}
        if cached:
            found["304"] = {"description": "The client has it.", "headers": headers.of_answer(*common, *cached)}
        if method.name in WITHOUT_BODY:
            found["204"] = {"description": "The same, to a client of tus.", "headers": headers.of_answer(*common, *more)}
        if method.name == "GetPage":
            of_path = headers.of_answer(*common, *cached)
            moved = {"description": "It is elsewhere now.", "headers": {**of_path, **headers.of_answer("Moved")}}
            gone = {"description": "There was one, and why it is gone.", "headers": of_path}
            found |= {
                "301": {**moved, "content": {kind: {**content[kind]}}},
                "410": {**gone, "content": {kind: {**content[kind]}}},
            }
        return found

    def download(self, said: str, common: tuple[str, ...]) -> Schema:
        """Bytes are of the file's own type."""
        content: Schema = {"application/octet-stream": {"schema": {**BINARY}}, "*/*": {"schema": {**BINARY}}}
        of_file = (*common, "ETag", "CacheControl", "ContentDisposition", "AcceptRanges")
        part = (*of_file, "ContentRange")
        return {
            "200": {"description": said, "headers": headers.of_answer(*of_file), "content": content},
            "206": {"description": "Those that `range` asks for.", "headers": headers.of_answer(*part), "content": content},
            "304": {"description": "The client has it.", "headers": headers.of_answer(*common, "ETag", "CacheControl")},
        }

    def refused(self, route: Route) -> Schema:
        method = route.method
        of_file = method.input_type.fields_by_name.get(route.body)
        is_upload = of_file is not None and message_of(of_file).full_name == HTTP_BODY
        rule = self.contract.options(method).get(ACCESS, {})
        needs = "" if "public" in rule else "permission" if "permission" in rule else "session"
        found = refusals.reasons(self.contract, method, needs=needs, has_body=bool(route.body), is_upload=is_upload)
        made = {str(status): refusal(status, names) for status, names in found.items()}
        if is_download(method):
            made["416"] = refusal(416, [])
        return {**made, "default": {"$ref": "#/components/responses/Refusal"}}

    def is_public_read(self, method: MethodDescriptor) -> bool:
        """Whether Envoy limits it, by address, and the server does not count it."""
        is_public = "public" in self.contract.options(method).get(ACCESS, {})
        return is_public and self.contract.options(method).get("idempotency_level") == "NO_SIDE_EFFECTS"

    def access(self, method: MethodDescriptor) -> Schema:
        """Who may call it."""
        rule: dict[str, Any] = self.contract.options(method).get(ACCESS, {})
        if "public" in rule:
            return {"security": [{}, SIGNED_IN, SERVICE] if method.name in SHOWS_MORE else []}
        permission = rule.get("permission")
        for_people = any(reason == "NEEDS_SESSION" for _, reason in refusals.told(self.contract, method))
        security = [SIGNED_IN] if for_people else [SIGNED_IN, SERVICE]
        return {"security": security, **({"x-permission": permission} if permission else {})}


def is_download(method: MethodDescriptor) -> bool:
    return method.output_type.full_name == HTTP_BODY and method.server_streaming


def refusal(status: int, reasons: list[str]) -> Schema:
    said = refusals.SAID_OF_STATUSES.get(status, "The answer has no such bytes.")
    names = {401: ("WwwAuthenticate",), 429: ("RetryAfter", *headers.OF_RATES)}.get(status, ())
    listed = f" Reasons: {', '.join(f'`{reason}`' for reason in reasons)}." if reasons else ""
    return {
        "description": said + listed,
        "headers": headers.of_answer(*headers.ON_ALL, *names),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}},
    }
