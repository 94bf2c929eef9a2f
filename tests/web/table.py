"""Which clients are tried, and what each is asked to do: the table of docs/clients.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STEPS = {
    "page": "read a page",
    "signIn": "sign in",
    "publish": "write, review, publish",
    "list": "list all",
    "upload": "upload",
    "download": "download",
    "error": "typed error",
    "health": "health",
    "export": "stream of answers",
    "import": "stream of requests",
    "idempotent": "repeat a create",
    "renewal": "expired token",
}
"""What a script calls a step, and what the page calls it."""


@dataclass(frozen=True)
class Absent:
    """What a client does not do by itself."""

    cell: str
    """What the page says instead of a tick."""
    said: str = ""
    """What the client says when it is asked to; nothing if there is nothing to ask."""


@dataclass(frozen=True)
class Client:
    """A client, the script of `tests/web/clients` that uses it, and what it does not do."""

    title: str
    script: str
    place: str
    """Where it runs: `node`, `chromium` or `python`."""
    speaks: str
    arguments: tuple[str, ...] = ()
    without: Mapping[str, Absent] = field(default_factory=dict)

    def steps(self) -> list[str]:
        return [step for step in STEPS if step not in self.without]

    def refused(self) -> list[str]:
        return [step for step, absent in self.without.items() if absent.said]


BY_HAND = {"renewal": Absent("by hand")}
NO_STREAM = Absent("no", "does not support streaming request bodies")
BROWSER = {"import": NO_STREAM}
"""A browser sends no stream of requests. Our client uploads over HTTP."""

CLIENTS = {
    "typescript-chromium": Client("`@gazette/client`", "gazette-client.ts", "chromium", "gRPC-Web", without=BROWSER),
    "typescript-node": Client("`@gazette/client`", "gazette-client.ts", "node", "gRPC"),
    "connect-web": Client(
        "connect-web", "connect.ts", "chromium", "gRPC-Web", without=BY_HAND | BROWSER | {"upload": NO_STREAM}
    ),
    "connect-node": Client("connect-node", "connect.ts", "node", "gRPC", without=BY_HAND),
    "grpc-js": Client("grpc-js with proto-loader", "grpc-js.mjs", "node", "gRPC", without=BY_HAND),
    "fetch": Client("fetch", "fetch.mjs", "chromium", "HTTP", without=BY_HAND),
    "openapi-fetch": Client("openapi-typescript with openapi-fetch", "openapi-fetch.ts", "node", "HTTP", without=BY_HAND),
    "openapi-python": Client("openapi-python-client", "openapi_python.py", "python", "HTTP", without=BY_HAND),
    "python": Client("`gazette_client.Client`", "python_client.py", "python", "gRPC", ("threads",)),
    "python-asyncio": Client("`gazette_client.AsyncClient`", "python_client.py", "python", "gRPC", ("asyncio",)),
    "buf-curl": Client("`buf curl`", "grpc_curls.py", "python", "gRPC", ("buf",), without=BY_HAND),
    "grpcurl": Client("grpcurl", "grpc_curls.py", "python", "gRPC", ("grpcurl",), without=BY_HAND),
    "curl": Client("curl", "curl.py", "python", "HTTP", without=BY_HAND),
}
