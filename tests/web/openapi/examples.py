"""The examples of docs/openapi.json: requests of an office's day, and what a server answers them.

    .venv/bin/python -m tests.web.openapi.examples http://127.0.0.1:8080

asks a `make run` that is new, and writes `tools/openapi/examples.json`, from which `make proto` takes them. The test of the
examples makes the same requests, and compares.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from server.demo.files import harbour_png
from tests.edge import PASSWORD
from tests.installing import ROOT
from tests.web.openapi.day import DAY, Asked

DOCUMENT = ROOT / "docs/openapi.json"
EXAMPLES = ROOT / "tools/openapi/examples.json"
SECRETS = {"accessToken", "deviceToken", "key", "nextPageToken", "refreshToken", "token"}
MOST_OF_A_LIST = 2
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Answered(NamedTuple):
    """A request of the day, as it was made, and its answer."""

    asked: Asked
    parameters: dict[str, Any]
    body: Any
    answer: httpx.Response

    @property
    def content(self) -> Any:
        return self.answer.json()


class Office:
    """Asks in turn. What an answer said is at hand for the next requests, by dotted names."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.tokens: dict[str, str] = {}
        document = json.loads(DOCUMENT.read_text())
        self.routes = {
            each["operationId"]: (verb, path) for path, verbs in document["paths"].items() for verb, each in verbs.items()
        }
        page = client.get("/v1/pages/guidance/moor-a-boat").raise_for_status().json()["page"]
        self.known: dict[str, Any] = {"page": page, "absent": str(uuid.uuid4()), "unique": uuid.uuid4().hex[:8]}

    def day(self) -> Iterator[Answered]:
        for asked in DAY:
            yield self.ask(asked)

    def ask(self, asked: Asked) -> Answered:
        verb, template = self.routes[asked.operation]
        parameters, body = self.filled(asked.parameters), self.filled(asked.body)
        path = re.sub(r"{(\w+)}", lambda found: quote(str(parameters[found[1]]), safe=""), template)
        query = {name: value for name, value in parameters.items() if f"{{{name}}}" not in template}
        headers = {"authorization": f"Bearer {self.token(asked.who)}"} if asked.who else {}
        sent: dict[str, Any] = {} if body is None else {"json": body}
        if asked.operation == "uploadFileContent":
            sent = {"content": harbour_png() if "png" in query["name"] else b"MZ", "headers": {"content-type": "image/png"}}
        if asked.operation == "createTusUpload":
            said = {"organisationId": self.known["page"]["organisationId"], "filename": "harbour.png"}
            pairs = (f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())
            sent["headers"] = {"tus-resumable": "1.0.0", "upload-length": "1000", "upload-metadata": ",".join(pairs)}
        answer = self.client.request(verb, path, params=query, **{**sent, "headers": {**headers, **sent.get("headers", {})}})
        if asked.named:
            self.known[asked.named] = answer.json()
        return Answered(asked, parameters, body, answer)

    def token(self, who: str) -> str:
        if who not in self.tokens:
            answer = self.client.post("/v1/auth/login", json={"email": f"{who}@example.gov", "password": PASSWORD})
            self.tokens[who] = answer.raise_for_status().json()["accessToken"]
        return self.tokens[who]

    def filled(self, value: Any) -> Any:
        """The value, with `<a.b>` in its texts as it is known."""
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return list(map(self.filled, value))
        return re.sub(r"<([\w.]+)>", lambda found: str(self.at(found[1])), value) if isinstance(value, str) else value

    def at(self, name: str) -> Any:
        found: Any = self.known
        for part in name.split("."):
            found = found[part]
        return found


class Plain:
    """Makes of answers what stays: one time, ids in the order in which they come, and no secrets."""

    def __init__(self, unique: str) -> None:
        self.unique = unique
        self.ids: dict[str, str] = {}

    def of(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {each: self.of(inner, each) for each, inner in value.items()}
        if isinstance(value, list):
            return [self.of(each) for each in value[:MOST_OF_A_LIST]]
        if not isinstance(value, str):
            return value
        if value and name in SECRETS:
            return f"the-{re.sub(r'[A-Z]', lambda found: '-' + found[0].lower(), name)}"
        value = TIME.sub("2026-11-21T14:23:51.172372Z", value.replace(f"-{self.unique}", "").replace(f"_{self.unique}", ""))
        return UUID.sub(lambda found: self.id(found[0]), value)

    def id(self, found: str) -> str:
        return self.ids.setdefault(found, f"01a1fc98-1456-7b21-896a-{len(self.ids) + 1:012x}")


def main(url: str) -> None:
    found: dict[str, Any] = {}
    with httpx.Client(base_url=url, timeout=30) as client:
        office = Office(client)
        plain = Plain(office.known["unique"])
        for asked, parameters, body, answer in office.day():
            assert answer.status_code == asked.status, f"{asked.operation}: {answer.status_code} {answer.text}"
            example = found.setdefault(asked.operation, {"answers": {}})
            example["answers"][str(asked.status)] = plain.of(answer.json())
            if asked.status < 400:
                example["parameters"] = plain.of(parameters)
                example |= {"request": plain.of(body)} if body is not None else {}
    EXAMPLES.write_text(json.dumps(dict(sorted(found.items())), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
