"""Two web sites on this machine, whose pages come from one folder. To a browser they are two origins that share a cache, and
Gazette is on another host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class Origins:
    folder: Path
    """What both serve."""
    front: str
    console: str
    stranger: str
    """The first site by another name, which nobody has let in."""

    @classmethod
    @contextmanager
    def serving(cls, folder: Path) -> Iterator[Origins]:
        with ExitStack() as stack:
            first, second = (stack.enter_context(site(folder)) for _ in range(2))
            yield cls(folder, f"http://localhost:{first}", f"http://localhost:{second}", f"http://127.0.0.1:{first}")


@contextmanager
def site(folder: Path) -> Iterator[int]:
    """A site's port, for as long as it is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
