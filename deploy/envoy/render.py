"""Renders `envoy.yaml.tmpl`: python deploy/envoy/render.py --socket-dir /run/gazette --workers 2 > envoy.yaml

Runs on the bare interpreter, so that an image or a script needs nothing but Python. Every value goes in as JSON, which is
YAML: no path or origin can break out of its place.
"""

import argparse
import ipaddress
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template
from textwrap import indent
from typing import NamedTuple

try:
    from deploy.envoy import api_docs, local_replies, origins
except ModuleNotFoundError:
    import api_docs  # type: ignore[import-not-found,no-redef]  # of the same folder, where this is run as a script
    import local_replies  # type: ignore[import-not-found,no-redef]
    import origins  # type: ignore[import-not-found,no-redef]

HERE = Path(__file__).resolve().parent

# Every service of the contract, which `make proto` writes down.
SERVICES = tuple((HERE / "services.txt").read_text().split())

# RPCs are told apart by their verb, and a test compares that, too, with the descriptors: streams have no timeout, and
# reads may be tried again.
STREAMS = r"/gazette\.[^/]+/((Upload|Append|Replace|Download|Import|Export|Watch)\w+|GetRendition)"
READS = r"/gazette\.[^/]+/((List|BatchGet|Search|Verify|Diff|Get([^R]|Re[^n]))\w+|CheckDocument)"  # GetRendition is a stream

PROGRAM = ("bodies", "closest", "routes", "json_texts", "json_scan", "json", "refusals", "queries", "tus", "rest")
"""The Lua filter's parts, each of which uses what those before it define."""

# What needs no sign-in and changes nothing, health apart: limited here, by address. A test compares them, too.
PUBLIC_STREAMS = r"/gazette\.(files|record)\.[^/]+/((Download|Watch)\w+|GetRendition)"
PUBLIC_READS = (
    r"/gazette\.((delivery|record)\.[^/]+/(Get|List|BatchGet|Search)\w+|files\.[^/]+/GetFile(Text)?|auth\.[^/]+/GetJwks)"
)
READS_PER_SECOND, READS_BURST = 100, 1000

CONNECTIONS = 10_000
MEMORY_MIB = 1024

# How many calls may be under way for each of the server's processes, public reads and others apart. What is beyond would only
# wait there; it is refused here, at a tenth of the cost.
READS_AT_ONCE, CALLS_AT_ONCE = 128, 64


class Patience(NamedTuple):
    """How long Envoy waits for a client, in seconds."""

    connection: float = 30
    """For a request on a connection that has none under way. A proxy in front must give up its own before that."""
    step: float = 10
    """For the headers of a request that has begun, and for a reader to take something of its answer."""
    silence: float = 15
    """For the next part of a request or an answer; longer than a worker waits for its clients, so that it can say so, and than
    any unary call may take."""
    request: float = 40
    """For a whole request and its answer, streams apart."""


PATIENCE = Patience()

UNSENT = {
    "description": "TCP_NOTSENT_LOWAT of Linux",
    "level": 6,
    "name": 25,
    "int_value": 128 * 1024,
    "state": "STATE_LISTENING",
}
"""The kernel takes no more than this for a reader until it has sent some of it."""


def address(place: str) -> dict[str, object]:
    """Envoy's address of `host:port`, or of a Unix socket when `place` is an absolute path."""
    if place.startswith("/"):
        return {"pipe": {"path": place}}
    host, _, port = place.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def is_numeric(place: str) -> bool:
    """Whether no name has to be resolved to get there."""
    if place.startswith("/"):
        return True
    try:
        ipaddress.ip_address(place.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True


def render(
    *,
    endpoints: Sequence[str],
    descriptor: str,
    listen: str = "0.0.0.0:8080",
    admin: str = "127.0.0.1:9901",
    cors_origins: Sequence[str] = (),
    trusted_hops: int = 0,
    reads_per_second: int = READS_PER_SECOND,
    reads_burst: int = READS_BURST,
    connections: int = CONNECTIONS,
    memory_mib: int = MEMORY_MIB,
    patience: Patience = PATIENCE,
    reads_at_once: int = READS_AT_ONCE,
    calls_at_once: int = CALLS_AT_ONCE,
    tls: tuple[str, str] | None = None,
    metrics: str = "",
    docs_folder: Path | None = None,
    max_file_size: int = 0,
) -> str:
    """The configuration. `endpoints`, `listen` and `admin` are `host:port` or absolute paths of Unix sockets. Public reads are
    limited for each address: so many a second, and so many at once after a pause. `connections` and `memory_mib` bound all that
    clients can make Envoy hold. For each endpoint so many public reads may be under way and so many other calls; what is beyond
    is refused. `tls` are the paths of a certificate and its key, for the public port. At `metrics` Prometheus finds Envoy's own
    figures, and a kubelet whether it is ready. The API's documentation is put into `docs_folder`, which Envoy must see at the
    same path; without one there is none. `max_file_size` is what OPTIONS tells clients of tus; 0: nothing."""
    own_routes = api_docs.routes(docs_folder)
    values = {
        "listen": address(listen),
        "admin": address(admin),
        "trusted_hops": trusted_hops,
        "cors_origins": list(map(origins.matcher, cors_origins)),
        "varies": "Origin" if cors_origins else "",
        "descriptor": descriptor,
        "services": SERVICES,
        "cluster_type": "STATIC" if all(map(is_numeric, endpoints)) else "STRICT_DNS",
        "endpoints": [{"endpoint": {"address": address(endpoint)}} for endpoint in endpoints],
        "most_reads": reads_at_once * len(endpoints),
        "most_calls": calls_at_once * len(endpoints),
        "reads_per_second": reads_per_second,
        "reads_burst": max(reads_burst, reads_per_second),
        "most_connections": connections,
        "most_memory": memory_mib * 1024 * 1024,
        "socket_options": [] if listen.startswith("/") else [UNSENT],
        "transport_socket": transport_socket(*tls) if tls else None,
        "hsts": "max-age=31536000" if tls else "",
        "idle": f"{patience.connection}s",
        "patience": f"{patience.step}s",
        "waiting": f"{patience.silence}s",
        "whole": f"{patience.request}s",
    }
    mappers = local_replies.mappers()
    if cors_origins:
        mappers.insert(0, origins.readable(local_replies.local_reply(400), cors_origins))
    replies = "\n".join(f"- {json.dumps(mapper)}" for mapper in mappers)
    return Template((HERE / "envoy.yaml.tmpl").read_text()).substitute(
        {name: json.dumps(value) for name, value in values.items()},
        streams=STREAMS,
        reads=READS,
        public_streams=PUBLIC_STREAMS,
        public_reads=PUBLIC_READS,
        local_replies=indent(replies, " " * 12),
        api_docs=indent("\n".join(f"- {json.dumps(route)}" for route in own_routes), " " * 14),
        lua=indent(lua(api_docs.known(own_routes), max_file_size), " " * 18),
        metrics_listener=metrics_listener(metrics) if metrics else "",
    )


def transport_socket(certificate: str, key: str) -> dict[str, object]:
    """TLS 1.2 or later, HTTP/2 where the client speaks it."""
    context = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "tls_certificates": [{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}],
    }
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    return {"name": "envoy.transport_sockets.tls", "typed_config": {"@type": kind, "common_tls_context": context}}


def metrics_listener(place: str) -> str:
    return Template((HERE / "metrics.yaml.tmpl").read_text()).substitute(listen=json.dumps(address(place)))


def lua(own_routes: str = "", max_file_size: int = 0) -> str:
    """The filter's program, which begins with what bodies and routes the contract knows, and routes of Envoy's own."""
    largest = f'local MAX_FILE_SIZE = "{max_file_size}"\n' if max_file_size else "local MAX_FILE_SIZE = nil\n"
    texts = {"bodies": (HERE / "bodies.txt").read_text(), "routes": (HERE / "routes.txt").read_text() + own_routes}
    known = (f"local CONTRACT_{name.upper()} = [=[\n{text}]=]\n" for name, text in texts.items())
    return largest + "".join(known) + "".join((HERE / f"{name}.lua").read_text() for name in PROGRAM)


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def size(text: str) -> int:
    """Bytes; where nothing is said, 0."""
    return positive(text) if text else 0


NUMBERS = (
    ("reads-per-second", READS_PER_SECOND, "public reads a second that an address (IPv6: a /64) may make"),
    ("reads-burst", READS_BURST, "how many it may make at once, after a pause"),
    ("reads-at-once", READS_AT_ONCE, "public reads that may be under way for each worker or endpoint"),
    ("calls-at-once", CALLS_AT_ONCE, "other calls that may be under way for each worker or endpoint"),
    (
        "idle-seconds",
        int(PATIENCE.connection),
        "how long a connection may have no request under way; more than a proxy in front keeps it",
    ),
    ("connections", CONNECTIONS, "how many clients may have in all"),
    ("memory-mib", MEMORY_MIB, "how much memory Envoy may take for them"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Renders Envoy's configuration to standard output.")
    parser.add_argument("--http-address", default="0.0.0.0", help="address to listen on (%(default)s)")  # nosec B104
    parser.add_argument("--http-port", type=int, default=8080, help="port to listen on (%(default)s)")
    parser.add_argument("--admin", default="127.0.0.1:9901", help="address of the admin interface, or a Unix socket's path")
    parser.add_argument("--descriptor", default="/etc/envoy/gazette.binpb", help="path of the descriptor set, as Envoy sees it")
    parser.add_argument("--socket-dir", help="directory of the workers' Unix sockets")
    parser.add_argument("--workers", type=int, default=2, help="how many workers have a socket there (%(default)s)")
    parser.add_argument("--endpoint", action="append", default=[], help="host:port of a server elsewhere; may be repeated")
    parser.add_argument(
        "--cors-origin",
        action="extend",
        type=origins.origins,
        default=[],
        help="origins of web clients, with commas between; https://*.example.gov: any label; http://localhost:*: any port",
    )
    parser.add_argument("--trusted-hops", type=int, default=0, help="proxies in front whose x-forwarded-for is true")
    for name, default, told in NUMBERS:
        parser.add_argument(f"--{name}", type=positive, default=default, help=f"{told} (%(default)s)")
    parser.add_argument("--max-file-size", type=size, default=0, help="MAX_FILE_SIZE, which clients of tus may ask for")
    parser.add_argument("--tls-certificate", help="path of a certificate chain (PEM) for the public port, as Envoy sees it")
    parser.add_argument("--tls-key", help="path of its private key")
    where = "address of the port of metrics (%(default)s)"
    parser.add_argument("--metrics-address", default="0.0.0.0", help=where)  # nosec B104
    parser.add_argument(
        "--metrics-port", type=int, default=0, help="port of /stats/prometheus and /ready; 0: none (%(default)s)"
    )
    parser.add_argument(
        "--api-docs", type=api_docs.true_or_false, default=False, help="true: answer /openapi.json and /docs (false)"
    )
    folder = "where their files go, which Envoy must see at the same path (api-docs beside the descriptor set)"
    parser.add_argument("--docs-folder", type=Path, help=folder)
    given = parser.parse_args(arguments)
    if bool(given.tls_certificate) != bool(given.tls_key):
        parser.error("--tls-certificate and --tls-key go together")
    sockets = [f"{given.socket_dir}/worker-{number}.sock" for number in range(given.workers)] if given.socket_dir else []
    if not (endpoints := [*sockets, *given.endpoint]):
        parser.error("say where the server is: --socket-dir or --endpoint")
    sys.stdout.write(
        render(
            endpoints=endpoints,
            descriptor=given.descriptor,
            listen=f"{given.http_address}:{given.http_port}",
            admin=given.admin,
            cors_origins=given.cors_origin,
            trusted_hops=given.trusted_hops,
            reads_per_second=given.reads_per_second,
            reads_burst=given.reads_burst,
            reads_at_once=given.reads_at_once,
            calls_at_once=given.calls_at_once,
            tls=(given.tls_certificate, given.tls_key) if given.tls_certificate else None,
            metrics=f"{given.metrics_address}:{given.metrics_port}" if given.metrics_port else "",
            docs_folder=(given.docs_folder or Path(given.descriptor).with_name("api-docs")) if given.api_docs else None,
            max_file_size=given.max_file_size,
            connections=given.connections,
            memory_mib=given.memory_mib,
            patience=PATIENCE._replace(connection=given.idle_seconds),
        )
    )


if __name__ == "__main__":
    main()
