"""Which clients are tried, and with what: the table of docs/clients.md, which `python -m tests.web.table` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STEPS = {
    "page": "read a page",
    "signIn": "sign in",
    "publish": "write, review, publish",
    "list": "list all",
    "upload": "upload",
    "pieces": "in pieces",
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
    where: str
    speaks: str
    script: str
    runs: str
    """What runs the script: `node`, `chromium`, `python`, or `openapi`, which is Python with the package that is made."""
    arguments: tuple[str, ...] = ()
    without: Mapping[str, Absent] = field(default_factory=dict)

    def steps(self) -> list[str]:
        return [step for step in STEPS if step not in self.without]

    def refused(self) -> list[str]:
        return [step for step, absent in self.without.items() if absent.said]


BY_HAND = {"renewal": Absent("by hand"), "pieces": Absent("not tried")}
"""What the program itself would have to do. Pieces are those of tus, whose own client is tried elsewhere."""
NO_STREAM = Absent("no", "does not support streaming request bodies")
BROWSER = {"import": NO_STREAM}
CONNECT_WEB = {**BROWSER, "upload": NO_STREAM}
"""A browser sends no stream of requests. Our client uploads over HTTP."""

ONE_ANSWER = {"export": Absent("no", "JSONDecodeError")}
"""What it makes knows one answer of JSON, not a line for each."""

CLIENTS = {
    "typescript-chromium": Client(
        "`@gazette/client`", "Chromium", "gRPC-Web", "gazette-client.ts", "chromium", without=BROWSER
    ),
    "typescript-node": Client("`@gazette/client`", "Node", "gRPC", "gazette-client.ts", "node"),
    "python": Client("`gazette_client.Client`", "Python", "gRPC", "python_client.py", "python", ("threads",)),
    "python-asyncio": Client("`gazette_client.AsyncClient`", "Python", "gRPC", "python_client.py", "python", ("asyncio",)),
    "connect-web": Client("connect-web", "Chromium", "gRPC-Web", "connect.ts", "chromium", without=BY_HAND | CONNECT_WEB),
    "connect-node": Client("connect-node", "Node", "gRPC", "connect.ts", "node", without=BY_HAND),
    "grpc-js": Client("grpc-js with proto-loader", "Node", "gRPC", "grpc-js.mjs", "node", without=BY_HAND),
    "openapi-fetch": Client("openapi-typescript, openapi-fetch", "Node", "HTTP", "openapi-fetch.ts", "node", without=BY_HAND),
    "openapi-python": Client(
        "openapi-python-client", "Python", "HTTP", "openapi_python.py", "openapi", without=BY_HAND | ONE_ANSWER
    ),
    "fetch": Client("fetch", "Chromium", "HTTP", "fetch.mjs", "chromium", without=BY_HAND),
    "curl": Client("curl", "a shell", "HTTP", "curl.py", "python", without=BY_HAND),
    "buf-curl": Client("`buf curl`", "a shell", "gRPC", "grpc_curls.py", "python", ("buf",), without=BY_HAND),
    "grpcurl": Client("grpcurl", "a shell", "gRPC", "grpc_curls.py", "python", ("grpcurl",), without=BY_HAND),
}


def rendered() -> str:
    """The table in Markdown: a tick is a test."""
    head = ["client", "in", "speaks", *STEPS.values()]
    rows = [head, ["---"] * len(head)]
    for client in CLIENTS.values():
        cells = [client.without[step].cell if step in client.without else "✓" for step in STEPS]
        rows.append([client.title, client.where, client.speaks, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    print(rendered())
