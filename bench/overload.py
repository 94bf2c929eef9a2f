"""Five times as much as can be answered: how much is answered all the same, and what the rest is told, and when.

First as many calls at once as keep the server busy, for the best rate; then five times that rate, whatever comes of them. A few
reads of pages, lists of pages and lists of documents, through each port. The calls come from a process of its own, which takes
its part of the machine: with few processors the rate that was reached tells how much of it."""

from __future__ import annotations

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import grpc

from bench import frames, generator, installation
from bench.frames import Kind, Mixed, Outcome
from bench.installation import EMAIL, PASSWORD
from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest

TIMES = 5
PAGE = "guidance/moor-a-boat"
WORKERS = 2
AT_ONCE = 48
CONNECTIONS = 24
PEAK_SECONDS, SECONDS, ROUNDS = 4.0, 10.0, 2
OK = {"0", "200"}


def main() -> None:
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="gazette-bench-"))
        ours = running.enter_context(installation.gazette(Path(directory, "gazette"), workers=WORKERS))
        made = running.enter_context(generator.started())
        token = ("authorization", f"Bearer {access_token(ours.grpc_port)}")
        for name, port, kinds in (
            ("the gRPC port", ours.grpc_port, over_grpc(token)),
            ("HTTP/JSON through Envoy", ours.http_port, over_http(token)),
        ):
            for number in range(ROUNDS):
                show(name, number, *measured(made, port, kinds))


def access_token(port: int) -> str:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = AuthServiceStub(channel).Login(LoginRequest(email=EMAIL, password=PASSWORD))
        return str(answer.access_token)


def over_grpc(token: tuple[str, str]) -> list[Kind]:
    page = GetPageRequest(path=PAGE).SerializeToString()
    pages = ListPagesRequest(page_size=20).SerializeToString()
    documents = ListDocumentsRequest(page_size=20).SerializeToString()
    return [
        Kind.grpc("GetPage", "/gazette.delivery.v1.DeliveryService/GetPage", page, 40),
        Kind.grpc("ListPages", "/gazette.delivery.v1.DeliveryService/ListPages", pages, 10),
        Kind.grpc("ListDocuments", "/gazette.content.v1.ContentService/ListDocuments", documents, 50, token),
    ]


def over_http(token: tuple[str, str]) -> list[Kind]:
    return [
        Kind.http("GetPage", f"/v1/pages/{PAGE}", 40),
        Kind.http("ListPages", "/v1/pages?pageSize=20", 10),
        Kind.http("ListDocuments", "/v1/documents?pageSize=20", 50, token),
    ]


def measured(made: generator.Generator, port: int, kinds: Sequence[Kind]) -> tuple[list[Outcome], list[Outcome], float]:
    """What came of as many calls as are answered, and of five times as many; the rate that was tried."""
    best = outcomes(made, Mixed(port, kinds, PEAK_SECONDS, connections=8, at_once=AT_ONCE))
    rate = TIMES * len(answered(best)) / PEAK_SECONDS
    return best, outcomes(made, Mixed(port, kinds, SECONDS, connections=CONNECTIONS, rate=rate)), rate


def outcomes(made: generator.Generator, load: Mixed) -> list[Outcome]:
    return made.make(load).answers


def answered(calls: Sequence[Outcome]) -> list[Outcome]:
    return [each for each in calls if each.status in OK]


def show(name: str, number: int, best: Sequence[Outcome], crowded: Sequence[Outcome], rate: float) -> None:
    peak, good = len(answered(best)) / PEAK_SECONDS, len(answered(crowded)) / SECONDS
    sent = [each for each in crowded if each.status != frames.UNSENT]
    print(f"\n{name}, round {number + 1}: at best {peak:.0f} a second; {rate:.0f} tried, {len(sent) / SECONDS:.0f} sent")
    print(f"  goodput is {good / peak:.2f} of the best; 0.8 is promised")
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in crowded:
        groups[each.status, each.kind].append(each)
    for (status, kind), group in sorted(groups.items()):
        p50 = statistics.median(each.seconds for each in group) * 1e3
        says_when = sum(each.says_when for each in group) / len(group)
        share = len(group) / len(crowded)
        print(f"  {kind:<14} {status:<16}{share:6.1%} of all, p50 {p50:7.1f} ms, {says_when:4.0%} say when", flush=True)
