"""The installation that is asked: one HTTP request at a time, with nothing but the standard library, and raw gRPC calls."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import grpc


class Unfit(Exception):
    """What was answered, and that something else was wanted: the line that people read."""


@dataclass(frozen=True)
class Answer:
    """What came over HTTP. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise Unfit(f"the answer is no JSON: {self.body[:60]!r}") from None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Hands on every answer as it came: a check says itself which status it wants."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Site:
    """Where the installation is, and who asks."""

    url: str
    grpc_target: str = ""
    is_grpc_encrypted: bool = False
    token: str = ""
    ca_file: Path | None = None
    timeout: float = 10.0

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    def get(self, path: str, *, is_signed_in: bool = False, **headers: str) -> Answer:
        """Asks for a path. Keywords are headers, `if_none_match` for If-None-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if is_signed_in:
            named["authorization"] = f"Bearer {self.token}"
        encrypted = (
            [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file))] if self.is_encrypted else []
        )
        opener = urllib.request.build_opener(NoRedirects, *encrypted)
        request = urllib.request.Request(self.url.rstrip("/") + path, headers=named)  # noqa: S310 - the command takes http(s) alone
        try:
            with opener.open(request, timeout=self.timeout) as response:
                return answer(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return answer(refusal)
        except (OSError, HTTPException) as error:
            raise Unfit(f"no answer: {getattr(error, 'reason', error)}") from None

    def call(self, ask: Callable[[grpc.Channel], Any]) -> Any:
        """Asks something over gRPC."""
        authority = self.ca_file.read_bytes() if self.ca_file else None
        secure = grpc.ssl_channel_credentials(authority) if self.is_grpc_encrypted else None
        channel = grpc.secure_channel(self.grpc_target, secure) if secure else grpc.insecure_channel(self.grpc_target)
        with channel:
            try:
                return ask(channel)
            except grpc.RpcError as error:
                code: Any = getattr(error, "code", lambda: None)()
                raise Unfit(f"no answer from {self.grpc_target}: {code.name if code else error}") from None


def answer(response: HTTPResponse | urllib.error.HTTPError) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(int(response.status or 0), headers, response.read())


def expect(what: str, said: object, wanted: object) -> None:
    if said != wanted:
        raise Unfit(f"{what} is {said!r}, not {wanted!r}")
