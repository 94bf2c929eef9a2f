"""How a call may fail over HTTP: what its comment in the contract says of errors, and what any call of its kind may answer."""

import re
from collections import defaultdict
from collections.abc import Iterator

from google.protobuf.descriptor import MethodDescriptor

from tools.contract import Contract

STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""Of the codes that the server answers (docs/api.md)."""
TOO_LARGE = {
    "ANSWER_TOO_LARGE",
    "CONTENT_TYPE_TOO_LARGE",
    "DOCUMENT_TOO_LARGE",
    "FILE_TOO_LARGE",
    "IMPORT_TOO_LARGE",
    "PAGE_TOO_LARGE",
    "REQUEST_TOO_LARGE",
}
"""Reasons that are 413, whatever their code."""
OF_A_KIND = {"NOT_FOUND", "PERMISSION_DENIED", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "UNAUTHENTICATED"}
"""Codes that are reasons, too, where there is nothing more to say."""
TOLD = re.compile(rf"\b({'|'.join(STATUSES)})\b|`([A-Z][A-Z_]+)`|(?:as|those of) ([A-Z]\w+)")
SAID_OF_STATUSES = {
    400: "The request is wrong in itself, or not as things stand.",
    401: "Sign in, or refresh the token.",
    403: "The caller may not.",
    404: "There is none, or none that the caller may know of.",
    405: "The path has no such verb; `allow` names those that it has.",
    408: "The request took too long to arrive.",
    409: "Somebody else was faster, or has it already: read again, decide again.",
    413: "Something is too large.",
    415: "The body's content type, charset or coding is not understood.",
    429: "Too much at once, or too often. `retry-after` says when to come back, where that helps.",
    500: "A defect; the log knows more under the request's id.",
    503: "Something that the service needs is away.",
    504: "It took too long.",
}


def told(contract: Contract, method: MethodDescriptor) -> Iterator[tuple[str, str]]:
    """Each code and reason that the comment names under `Errors:`, those of another RPC that it refers to among them."""
    _, _, errors = contract.comment(method).partition("Errors:")
    errors = re.split(r"A retry|Each result", errors, maxsplit=1)[0]
    code, has_reason = "", True
    for found in TOLD.finditer(errors):
        if found[1]:
            if not has_reason and code in OF_A_KIND:
                yield code, code
            code, has_reason = found[1], False
        elif found[2]:
            assert code, f"{method.full_name}: {found[2]} has no code"
            has_reason = True
            yield code, found[2]
        elif found[3] in method.containing_service.methods_by_name:
            yield from told(contract, method.containing_service.methods_by_name[found[3]])
    if not has_reason and code in OF_A_KIND:
        yield code, code


def reasons(
    contract: Contract, method: MethodDescriptor, *, needs: str, has_body: bool, is_upload: bool
) -> dict[int, list[str]]:
    """Reasons by status. `needs` is nothing for what is public, `session` or `permission`."""
    found: dict[int, list[str]] = defaultdict(list)

    def add(status: int, *names: str) -> None:
        found[status] += [name for name in names if name not in found[status]]

    for code, reason in told(contract, method):
        add(413 if reason in TOO_LARGE else STATUSES[code], reason)
    add(400, "INVALID_ARGUMENT", "BAD_REQUEST")
    if needs:
        add(401, "UNAUTHENTICATED", "INVALID_ACCESS_TOKEN", "INVALID_API_KEY")
        add(403, *(["PERMISSION_DENIED"] if needs == "permission" else []), "TOTP_ENROLMENT_REQUIRED")
    if has_body and not is_upload:
        add(400, "INVALID_JSON")
        add(415, "UNSUPPORTED_MEDIA_TYPE")
    if has_body:
        add(408, "REQUEST_TIMEOUT")
        add(413, "REQUEST_TOO_LARGE")
    add(429, "RATE_LIMITED", "TOO_MANY_CALLS")
    add(500, "INTERNAL")
    add(503, "SERVER_UNAVAILABLE", "SERVER_STOPPING", "DATABASE_UNAVAILABLE")
    add(504, "DEADLINE_EXCEEDED")
    return dict(sorted(found.items()))
