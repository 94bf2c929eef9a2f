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

HERE = Path(__file__).resolve().parent

# Every service of the contract, which `make proto` writes down.
SERVICES = tuple((HERE / "services.txt").read_text().split())

# RPCs are told apart by their verb, and a test compares that, too, with the descriptors: streams have no timeout, and
# reads may be tried again.
STREAMS = r"/gazette\.[^/]+/(Upload|Download|Import|Export|Watch)\w+"
READS = r"/gazette\.[^/]+/(Get|List|BatchGet|Search|Verify)\w+"

# What needs no sign-in and changes nothing, health apart: limited here, by address. A test compares them, too.
# Envoy takes expressions of a hundred steps, and no more.
PUBLIC_STREAMS = r"/gazette\.(files|record)\.[^/]+/(Download|Watch)\w+"
PUBLIC_READS = r"/gazette\.((delivery|record)\.[^/]+/(Get|List|BatchGet|Search)\w+|files\.[^/]+/GetFile|auth\.[^/]+/GetJwks)"
READS_PER_SECOND, READS_BURST = 100, 1000

# HTTP statuses that Envoy answers by itself: google.rpc code, ErrorInfo reason, message.
LOCAL_REPLIES = {
    400: (3, "BAD_REQUEST", "malformed request (%RESPONSE_CODE_DETAILS%) %LOCAL_REPLY_BODY%"),
    403: (7, "FORBIDDEN", "the request is not allowed"),
    404: (5, "ROUTE_NOT_FOUND", "nothing answers to this method and path"),
    408: (4, "REQUEST_TIMEOUT", "the request took too long to arrive"),
    413: (8, "REQUEST_TOO_LARGE", "the request's body is too large"),
    415: (3, "UNSUPPORTED_MEDIA_TYPE", "the body's content type is not understood"),
    426: (3, "UPGRADE_REQUIRED", "HTTP/1.1 or HTTP/2 is needed"),
    429: (8, "RATE_LIMITED", "too many requests; try again"),
    431: (8, "HEADERS_TOO_LARGE", "the request's headers are too large"),
    502: (14, "SERVER_UNAVAILABLE", "the server broke off its answer; try again"),
    503: (14, "SERVER_UNAVAILABLE", "the server cannot be reached; try again"),
    504: (4, "DEADLINE_EXCEEDED", "the server did not answer in time"),
}


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


def local_reply(status: int) -> dict[str, object]:
    code, reason, message = LOCAL_REPLIES[status]
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "gazette"}
    compared = {"op": "EQ", "value": {"default_value": status, "runtime_key": "unused"}}
    return {
        "filter": {"status_code_filter": {"comparison": compared}},
        "body_format_override": {
            "content_type": "application/json",
            "json_format": {"code": code, "message": message, "details": [info]},
        },
    }


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
) -> str:
    """The configuration. `endpoints`, `listen` and `admin` are `host:port` or absolute paths of Unix sockets. Public reads are
    limited for each address: so many a second, and so many at once after a pause."""
    values = {
        "listen": address(listen),
        "admin": address(admin),
        "trusted_hops": trusted_hops,
        "cors_origins": [{"exact": origin} for origin in cors_origins],
        "descriptor": descriptor,
        "services": SERVICES,
        "cluster_type": "STATIC" if all(map(is_numeric, endpoints)) else "STRICT_DNS",
        "endpoints": [{"endpoint": {"address": address(endpoint)}} for endpoint in endpoints],
        "reads_per_second": reads_per_second,
        "reads_burst": max(reads_burst, reads_per_second),
    }
    replies = "\n".join(f"- {json.dumps(local_reply(status))}" for status in LOCAL_REPLIES)
    return Template((HERE / "envoy.yaml.tmpl").read_text()).substitute(
        {name: json.dumps(value) for name, value in values.items()},
        streams=STREAMS,
        reads=READS,
        public_streams=PUBLIC_STREAMS,
        public_reads=PUBLIC_READS,
        local_replies=indent(replies, " " * 12),
        lua=indent((HERE / "rest.lua").read_text(), " " * 18),
    )


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Renders Envoy's configuration to standard output.")
    parser.add_argument("--http-address", default="0.0.0.0", help="address to listen on (%(default)s)")
    parser.add_argument("--http-port", type=int, default=8080, help="port to listen on (%(default)s)")
    parser.add_argument("--admin", default="127.0.0.1:9901", help="address of the admin interface, or a Unix socket's path")
    parser.add_argument("--descriptor", default="/etc/envoy/gazette.binpb", help="path of the descriptor set, as Envoy sees it")
    parser.add_argument("--socket-dir", help="directory of the workers' Unix sockets")
    parser.add_argument("--workers", type=int, default=2, help="how many workers have a socket there (%(default)s)")
    parser.add_argument("--endpoint", action="append", default=[], help="host:port of a server elsewhere; may be repeated")
    parser.add_argument("--cors-origin", action="append", default=[], help="origin of a web client; may be repeated")
    parser.add_argument("--trusted-hops", type=int, default=0, help="proxies in front whose x-forwarded-for is true")
    parser.add_argument(
        "--reads-per-second",
        type=positive,
        default=READS_PER_SECOND,
        help="public reads a second that an address (IPv6: a /64) may make (%(default)s)",
    )
    parser.add_argument(
        "--reads-burst",
        type=positive,
        default=READS_BURST,
        help="how many it may make at once, after a pause (%(default)s)",
    )
    given = parser.parse_args(arguments)
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
        )
    )


if __name__ == "__main__":
    main()
