"""The checks, in the order in which they are asked."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from grpc_health.v1 import health_pb2, health_pb2_grpc

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from server.smoke.site import Answer, Site, Unfit, expect

LEAF_PREFIX = b"\0"
"""RFC 9162 section 2.1.1. Written here anew: who verifies the record must not take the server's word for how it is hashed."""
SECURITY_HEADERS = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
GET_PAGE = "/gazette.delivery.v1.DeliveryService/GetPage"


class Skipped(Exception):
    """Why the check could not be asked."""


class Wanted(NamedTuple):
    """What is known of the version that should serve."""

    version: str = ""
    path: str = ""
    """The page that is read; empty: the one that was published last."""
    locale: str = ""


class Result(NamedTuple):
    """What came of a check."""

    name: str
    outcome: str
    """`ok`, `FAILED` or `skipped`."""
    message: str


class Smoke:
    """One run. A check that has read something leaves it for those after it."""

    def __init__(self, site: Site, wanted: Wanted) -> None:
        self.site, self.wanted = site, wanted
        self.path, self.locale = wanted.path, wanted.locale
        self.page: Answer | None = None

    def run(self) -> Iterator[Result]:
        checks: dict[str, Callable[[], str]] = {
            "health": self.health,
            "detailed health": self.detailed_health,
            "gRPC health": self.grpc_health,
            "list of pages": self.list_of_pages,
            "public page": self.public_page,
            "page not modified": self.not_modified,
            "page not found": self.not_found,
            "record": self.record,
            "security headers": self.security_headers,
        }
        for name, check in checks.items():
            try:
                yield Result(name, "ok", check())
            except Skipped as reason:
                yield Result(name, "skipped", str(reason))
            except Unfit as reason:
                yield Result(name, "FAILED", str(reason))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                yield Result(name, "FAILED", f"the answer is not of the contract's form ({type(error).__name__}: {error})")

    def health(self) -> str:
        answer = self.site.get("/health")
        expect("the status of /health", answer.status, 200)
        return how_it_is(answer.json()["status"])

    def detailed_health(self) -> str:
        if not self.site.token:
            raise Skipped("needs --token")
        answer = self.site.get("/health/detailed", is_signed_in=True)
        expect("the status of /health/detailed", answer.status, 200)
        said = answer.json()
        if self.wanted.version:
            expect("the version", said["version"], self.wanted.version)
        ill = [f"{part['name']}: {part.get('message', '')}" for part in said["components"] if part["status"] != HEALTHY]
        if how_it_is(said["status"]) == "DEGRADED" or ill:
            return f"version {said['version']}, DEGRADED: {'; '.join(ill)}"
        return f"version {said['version']}, {len(said['components'])} parts"

    def grpc_health(self) -> str:
        self.needs_grpc()
        answer = self.site.call(self.ask_health)
        status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        expect("the health over gRPC", status, "SERVING")
        return status

    def list_of_pages(self) -> str:
        answer = self.site.get("/v1/pages?" + urlencode({"page_size": 1, "order_by": "publish_time desc"}))
        expect("the status of /v1/pages", answer.status, 200)
        pages = answer.json().get("pages", [])
        if not pages:
            return "no page is published"
        if not self.path:
            self.path, self.locale = pages[0]["path"], pages[0]["locale"]
        return f"the last one published is {pages[0]['path']}"

    def public_page(self) -> str:
        path = self.sample()
        answer = self.site.get(path)
        expect(f"the status of {path}", answer.status, 200)
        page = answer.json()["page"]
        expect("the page's path", page["path"], self.path)
        if not answer.headers.get("etag"):
            raise Unfit(f"{path} has no ETag")
        self.page = answer
        return f"{page['path']}: {page['title']}"

    def not_modified(self) -> str:
        etag = self.read().headers["etag"]
        answer = self.site.get(self.sample(), if_none_match=etag)
        expect("the status with If-None-Match", answer.status, 304)
        expect("the body of a 304", answer.body, b"")
        return etag

    def not_found(self) -> str:
        answer = self.site.get(f"/v1/pages/gazette-smoke-{uuid.uuid4().hex}")
        expect("the status of a page that is not there", answer.status, 404)
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        (info,) = (detail for detail in answer.json()["details"] if detail["@type"] == kind)
        expect("its reason", (info["domain"], info["reason"]), ("gazette", "PAGE_NOT_FOUND"))
        return str(info["reason"])

    def record(self) -> str:
        """The page's entry hashes to what the record says; over gRPC, so does what is served."""
        page = self.read().json()["page"]
        number = int(page["recordNumber"])
        answer = self.site.get(f"/v1/record/{number}")
        expect(f"the status of /v1/record/{number}", answer.status, 200)
        entry = answer.json()["entry"]
        body = entry["body"]
        expect("the entry's number and path", (int(body["number"]), body["path"]), (number, self.path))
        leaf = hashlib.sha256(LEAF_PREFIX + base64.b64decode(entry["bodyBytes"])).digest()
        expect("the hash of the entry", leaf.hex(), base64.b64decode(entry["leafHash"]).hex())
        if not self.site.grpc_target:
            return f"entry {number} has the hash that it says"
        served = self.site.call(self.raw_page)
        expect("the hash of what is served", hashlib.sha256(served).hexdigest(), base64.b64decode(body["answerSha256"]).hex())
        return f"entry {number} has the hash that it says, and is what is served"

    def ask_health(self, channel: Any) -> health_pb2.HealthCheckResponse:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer: health_pb2.HealthCheckResponse = stub.Check(health_pb2.HealthCheckRequest(), timeout=self.site.timeout)
        return answer

    def raw_page(self, channel: Any) -> bytes:
        """The page's bytes as they are served."""
        request = GetPageRequest(path=self.path, locale=self.locale).SerializeToString()
        served: bytes = channel.unary_unary(GET_PAGE)(request, timeout=self.site.timeout)
        return served

    def security_headers(self) -> str:
        answer = self.site.get("/health")
        for name, value in SECURITY_HEADERS.items():
            expect(f"the header {name}", answer.headers.get(name), value)
        if self.site.is_encrypted and "max-age=" not in answer.headers.get("strict-transport-security", ""):
            raise Unfit("there is no header strict-transport-security, though the site is on HTTPS")
        return ", ".join(SECURITY_HEADERS)

    def needs_grpc(self) -> None:
        if not self.site.grpc_target:
            raise Skipped("needs --grpc")

    def sample(self) -> str:
        """Where the page is read."""
        if not self.path:
            raise Skipped("no page is published")
        query = f"?{urlencode({'locale': self.locale})}" if self.locale else ""
        return ("/v1/pages:home" if self.path == "/" else f"/v1/pages{quote(self.path)}") + query

    def read(self) -> Answer:
        self.sample()
        if self.page is None:
            raise Skipped("the page could not be read")
        return self.page


HEALTHY = "HEALTH_STATUS_HEALTHY"


def how_it_is(status: str) -> str:
    """HEALTHY or DEGRADED."""
    if status not in {HEALTHY, "HEALTH_STATUS_DEGRADED"}:
        raise Unfit(f"the health is {status}")
    return status.removeprefix("HEALTH_STATUS_")
