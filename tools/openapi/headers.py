"""Headers of requests and answers that a client may care for (docs/api.md#headers)."""

from tools.openapi.schemas import Schema

TEXT: Schema = {"type": "string"}
ANSWERS: dict[str, tuple[str, str, Schema]] = {
    "XRequestId": ("x-request-id", "What the log and `RequestInfo` call the request.", TEXT),
    "RateLimitLimit": ("ratelimit-limit", "How many calls the account or address has.", {"type": "integer"}),
    "RateLimitRemaining": ("ratelimit-remaining", "How many of them are left.", {"type": "integer"}),
    "RateLimitReset": ("ratelimit-reset", "For how many seconds they must do.", {"type": "integer"}),
    "RetryAfter": ("retry-after", "The seconds after which a retry helps.", {"type": "integer"}),
    "WwwAuthenticate": ("www-authenticate", "`Bearer`, and what is wrong with the token if one came (RFC 6750).", TEXT),
    "ETag": ("etag", "Names this version; `if-none-match` asks for any other.", TEXT),
    "CacheControl": ("cache-control", "Who may keep the answer, and how long.", TEXT),
    "ContentLanguage": ("content-language", "The language that the page is in.", TEXT),
    "Created": ("location", "Where what was created is to be found.", {"type": "string", "format": "uri-reference"}),
    "Moved": ("location", "Where the page is now.", {"type": "string", "format": "uri-reference"}),
    "ContentRange": ("content-range", "Which bytes of how many these are (RFC 9110).", TEXT),
    "AcceptRanges": ("accept-ranges", "`bytes`: parts can be asked for.", TEXT),
    "UploadOffset": ("upload-offset", "How many bytes are there for good: the next piece begins here.", {"type": "integer"}),
    "UploadLength": ("upload-length", "How many bytes there are to be.", {"type": "integer"}),
    "UploadExpires": ("upload-expires", "When the upload is given up (an HTTP date).", TEXT),
    "ContentDisposition": ("content-disposition", "The file's name, and whether to show or to save it.", TEXT),
}
"""Component, the header's name, what it says, its schema."""

REQUESTS: dict[str, tuple[str, str, Schema]] = {
    "IdempotencyKey": (
        "Idempotency-Key",
        "Repeats the call safely: the same key with the same request answers the same, for seven days. An empty one is none.",
        {"type": "string", "maxLength": 128, "pattern": "^[ -~]*$"},
    ),
    "IfNoneMatch": (
        "If-None-Match",
        "The ETag of the version that the client has: answers 304 if it is the current one.",
        TEXT,
    ),
    "XMinRecordNumber": (
        "X-Min-Record-Number",
        "Reads no older than this entry of the record, such as `recordNumber` of one's own publication.",
        {"type": "string", "format": "int64", "pattern": "^[0-9]{1,18}$"},
    ),
    "TusResumable": (
        "Tus-Resumable",
        "`1.0.0`, of clients of tus: answers are the protocol's then.",
        {"type": "string", "pattern": r"^1\.0\.0$"},  # generators know no header that is a constant
    ),
    "UploadLength": ("Upload-Length", "How many bytes the file has.", {"type": "integer", "minimum": 1}),
    "UploadMetadata": (
        "Upload-Metadata",
        "What the file is, as names with base64: `organisationId`, `filename`, `alternativeText`, `sha256`, `replacesFileId`.",
        TEXT,
    ),
    "UploadOffset": ("Upload-Offset", "Where the piece begins.", {"type": "integer", "minimum": 0}),
    "UploadChecksum": ("Upload-Checksum", "Of this piece: `sha256` or `sha1`, and the digest in base64.", TEXT),
    "Range": ("Range", "Which bytes to send: `bytes=1000-` goes on where a download broke off.", TEXT),
}

ON_ALL = ("XRequestId",)
OF_RATES = ("RateLimitLimit", "RateLimitRemaining", "RateLimitReset")


def answer_components() -> Schema:
    return {name: {"description": said, "schema": {**schema}} for name, (_, said, schema) in ANSWERS.items()}


def request_components() -> Schema:
    return {
        name: {"name": header, "in": "header", "description": said, "schema": {**schema}}
        for name, (header, said, schema) in REQUESTS.items()
    }


def of_answer(*names: str) -> Schema:
    """References to these, by the headers' names."""
    return {ANSWERS[name][0]: {"$ref": f"#/components/headers/{name}"} for name in names}


def of_request(*names: str) -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]
