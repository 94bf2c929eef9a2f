"""A cache between browsers and Envoy, such as a CDN is: it keeps what may be kept, and heeds Vary."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class Cache(BaseHTTPRequestHandler):
    """A proxy that keeps answers that may be kept, one for each form of the headers that Vary names."""

    upstream = ""
    kept: dict[str, list[tuple[dict[str, str | None], httpx.Response]]]
    asked: list[str]

    def do_GET(self) -> None:
        for selected, answer in self.kept.get(self.path, []):
            if all(self.headers.get(name) == value for name, value in selected.items()):
                return self.send(answer)
        self.asked.append(self.path)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        answer = httpx.get(self.upstream + self.path, headers=passed)
        if "max-age" in answer.headers.get("cache-control", ""):
            names = [name.strip() for name in answer.headers.get("vary", "").split(",") if name.strip()]
            selected = {name: self.headers.get(name) for name in names}
            self.kept.setdefault(self.path, []).append((selected, answer))
        return self.send(answer)

    def send(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in {"content-encoding", "content-length", "transfer-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def cached(upstream: str) -> Iterator[tuple[str, list[str]]]:
    """A cache's base URL, and what it asked for."""
    asked: list[str] = []
    kind = type("Cached", (Cache,), {"upstream": upstream, "kept": {}, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
