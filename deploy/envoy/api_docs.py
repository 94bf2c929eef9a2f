"""What Envoy itself answers: `/`, and where asked for `/openapi.json` and the page at `/docs`; as routes for envoy.yaml.tmpl.

Envoy reads the files when it starts. Each is there compressed, too: so nobody makes Envoy compress a megabyte for a request.
Standard library alone, as render.py.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Route = dict[str, Any]
"""A part of Envoy's configuration."""

HERE = Path(__file__).resolve().parent
VIEWER = HERE / "viewer"
SWAGGER_UI = VIEWER / "node_modules/swagger-ui-dist"
OPENAPI = (HERE / "openapi.json", HERE.parents[1] / "docs/openapi.json")
"""In an image beside this file, and in a checkout."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load is this origin's; `data:` are the viewer's icons, and `blob:` what it was answered."""

BURST, PER_SECOND = 50, 5
"""How often an address (IPv6: a /64) may have each of these files, at once and after that: Envoy holds all of an answer that
its reader has not taken."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}


def true_or_false(given: str) -> bool:
    """What API_DOCS says; nothing is no."""
    if given.strip().lower() not in {"", "false", "true"}:
        raise ValueError(given)
    return given.strip().lower() == "true"


class Answer(NamedTuple):
    """What is answered at a path."""

    path: str
    content: bytes
    kind: str
    headers: Mapping[str, str] = {}
    accept: str = ""
    """A media type that the client must ask for."""

    @property
    def tag(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:32]


def routes(folder: Path | None) -> list[Route]:
    """Envoy's routes. The documentation's files are written to the folder, which Envoy sees at the same path."""
    if folder is None:
        return [route for answer in root({"health": "/health"}) for route in variants(answer)]
    found = list(documentation())
    links = {
        answer.path.removeprefix("/").removesuffix(".json"): answer.path
        for answer in found
        if answer.path in {"/docs", "/openapi.json"}
    }
    top = [route for answer in root({**links, "health": "/health"}) for route in variants(answer)]
    return top + [route for number, answer in enumerate(found) for route in variants(answer, folder / str(number))]


def known(found: Iterable[Route]) -> str:
    """Lines of `routes.txt`: the Lua filter lets these paths through, and says which methods they have."""
    return "".join(f"GET {name} - -\n" for name in sorted({route["name"] for route in found}))


def root(links: Mapping[str, str]) -> Iterator[Answer]:
    """What this is, for people and for programs."""
    said = "Gazette: the backend of a government's websites. Its API answers below /v1."
    listed = "".join(f'<li><a href="{path}">{name}</a>' for name, path in links.items())
    page = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Gazette</title>\n<p>{said}\n<ul>{listed}</ul>\n'
    told = json.dumps({"name": "Gazette", "description": said, "links": links}) + "\n"
    yield Answer("/", page.encode(), TYPES[".html"], {"vary": "Accept"}, "text/html")
    yield Answer("/", told.encode(), TYPES[".json"], {"vary": "Accept"})


def documentation() -> Iterator[Answer]:
    """The document, and the page to look at it if its files were installed."""
    document = next(path for path in OPENAPI if path.exists())
    compact = json.dumps(json.loads(document.read_text()), separators=(",", ":"), ensure_ascii=False)
    yield Answer("/openapi.json", compact.encode(), TYPES[".json"])
    if has_viewer():
        yield Answer("/docs", (VIEWER / "index.html").read_bytes(), TYPES[".html"], {"content-security-policy": PAGE_POLICY})
        for file in (
            VIEWER / "docs.css",
            VIEWER / "docs.js",
            SWAGGER_UI / "swagger-ui.css",
            SWAGGER_UI / "swagger-ui-bundle.js",
        ):
            yield Answer(f"/docs/{file.name}", file.read_bytes(), TYPES[file.suffix])


def has_viewer() -> bool:
    return (SWAGGER_UI / "swagger-ui-bundle.js").exists()


def variants(answer: Answer, file: Path | None = None) -> Iterator[Route]:
    """For who has it, for who takes it compressed where there is a file for it, and for all others."""
    wanted = [header("accept", {"contains": answer.accept})] if answer.accept else []
    kind = {"content-type": answer.kind}
    yield route(answer, [*wanted, header("if-none-match", {"contains": f'"{answer.tag}"'})], {"status": 304})
    if file is None:
        yield route(answer, wanted, {"status": 200, "body": {"inline_string": answer.content.decode()}}, kind)
        return
    small = file.with_suffix(".gz")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(answer.content)
    small.write_bytes(gzip.compress(answer.content, mtime=0))
    compressed = {**kind, "content-encoding": "gzip"}
    yield route(answer, [*wanted, *TAKES_GZIP], {"status": 200, "body": {"filename": str(small)}}, compressed)
    yield route(answer, wanted, {"status": 200, "body": {"filename": str(file)}}, kind)


def header(name: str, match: Route) -> Route:
    return {"name": name, "string_match": match}


def route(answer: Answer, wanted: list[Route], response: Route, own: Mapping[str, str] = {}) -> Route:
    headers = {
        "etag": f'W/"{answer.tag}"',
        "cache-control": "public, no-cache",  # to be asked for each time, which costs a 304
        "vary": "Accept-Encoding",
        **answer.headers,
        **own,
    }
    return {
        "name": answer.path,
        "match": {"safe_regex": {"regex": f"{re.escape(answer.path)}/?"}, **({"headers": wanted} if wanted else {})},
        "direct_response": response,
        "response_headers_to_remove": ["location"],  # which Envoy gives a 304
        "response_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in headers.items()
        ],
        "typed_per_filter_config": {
            **dict.fromkeys(("envoy.filters.http.grpc_json_transcoder", "brotli", "gzip"), OFF),
            "envoy.filters.http.local_ratelimit": LIMIT,
        },
    }


OFF = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True, "config": {}}
ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
BUCKET = {"max_tokens": BURST, "tokens_per_fill": PER_SECOND, "fill_interval": "1s"}
LIMIT = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    "stat_prefix": "api_docs",
    "filter_enabled": ALWAYS,
    "filter_enforced": ALWAYS,
    "response_headers_to_add": {"header": {"key": "retry-after", "value": "1"}},
    "rate_limits": [{"actions": [{"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}]}],
    "descriptors": [{"entries": [{"key": "masked_remote_address"}], "token_bucket": BUCKET}],
    "max_dynamic_descriptors": 10_000,
    "always_consume_default_token_bucket": False,
    "token_bucket": BUCKET,
}
TAKES_GZIP = [
    header("accept-encoding", {"contains": "gzip"}),
    {**header("accept-encoding", {"safe_regex": {"regex": r".*gzip\s*;\s*q=0(\.0*)?\s*(,.*)?"}}), "invert_match": True},
]
