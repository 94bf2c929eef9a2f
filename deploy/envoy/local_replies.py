"""What Envoy answers by itself, in the form of the server's errors."""

LOCAL_REPLIES = {
    400: (3, "BAD_REQUEST", "malformed request (%RESPONSE_CODE_DETAILS%) %LOCAL_REPLY_BODY%"),
    403: (7, "FORBIDDEN", "the request is not allowed"),
    404: (5, "ROUTE_NOT_FOUND", "nothing answers to this method and path"),
    408: (4, "REQUEST_TIMEOUT", "the request took too long to arrive"),
    413: (3, "REQUEST_TOO_LARGE", "the request's body is too large"),
    415: (3, "UNSUPPORTED_MEDIA_TYPE", "the body's content type is not understood"),
    501: (3, "BAD_REQUEST", "the request's transfer coding is not understood"),
    426: (3, "UPGRADE_REQUIRED", "HTTP/1.1 or HTTP/2 is needed"),
    429: (8, "RATE_LIMITED", "too many requests; try again"),
    431: (3, "HEADERS_TOO_LARGE", "the request's headers are too large"),
    502: (14, "SERVER_UNAVAILABLE", "the server broke off its answer; try again"),
    503: (14, "SERVER_UNAVAILABLE", "the server cannot be reached; try again"),
    504: (4, "DEADLINE_EXCEEDED", "the server did not answer in time"),
}
"""By HTTP status: google.rpc code, ErrorInfo reason, message."""
OTHER_REPLY = (2, "UNKNOWN", "the request was answered with %RESPONSE_CODE% (%RESPONSE_CODE_DETAILS%)")
CLIENTS_FAULT = {501: 400}
"""What Envoy answers as if it were its own fault, and what it is."""


def mappers() -> list[dict[str, object]]:
    """For `local_reply_config`: the first that fits an answer shapes it."""
    return [*map(local_reply, LOCAL_REPLIES), other_reply()]


def local_reply(status: int) -> dict[str, object]:
    told = {"status_code": CLIENTS_FAULT[status]} if status in CLIENTS_FAULT else {}
    return {"filter": of_status("EQ", status), "body_format_override": body(*LOCAL_REPLIES[status]), **told}


def other_reply() -> dict[str, object]:
    return {"filter": of_status("GE", 400), "body_format_override": body(*OTHER_REPLY)}


def of_status(comparison: str, status: int) -> dict[str, object]:
    compared = {"op": comparison, "value": {"default_value": status, "runtime_key": "unused"}}
    return {"status_code_filter": {"comparison": compared}}


def body(code: int, reason: str, message: str) -> dict[str, object]:
    """A google.rpc.Status in JSON."""
    kind = "type.googleapis.com/google.rpc."
    info = {"@type": f"{kind}ErrorInfo", "reason": reason, "domain": "gazette", "metadata": {}}
    request = {"@type": f"{kind}RequestInfo", "requestId": "%REQ(X-REQUEST-ID)%", "servingData": ""}
    told = {"code": code, "message": message, "details": [info, request]}
    return {"content_type": "application/json", "json_format": told, "omit_empty_values": True}
