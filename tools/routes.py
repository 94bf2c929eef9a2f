"""`deploy/envoy/routes.txt`: the contract's HTTP surface, by which `deploy/envoy/routes.lua` finds what a request is for.

A line for each binding: method, path template, RPC, and the body: `field:kind` (`*`: the whole request), or `-`. Then the
query's parameters as `name:kind`, dotted where they are in a message, with the contract's names: JSON's are those in
lowerCamelCase. Kinds are those of `bodies.txt`. At the end, without a kind, `lines` where the answer is a message a line, and
`bytes` where it is a file as it is.
"""

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor

from tools import bindings
from tools.bindings import HTTP_BODY, Route
from tools.bodies import body_of, kind_of
from tools.contract import Contract

LINES, BYTES = "lines", "bytes"


def routes(compiled: bytes) -> bytes:
    """The whole file."""
    lines = sorted(" ".join(words(route)) for route in bindings.routes(Contract.parse(compiled)))
    return "".join(f"{line}\n" for line in lines).encode()


def words(route: Route) -> Iterator[str]:
    """Those of a route's line."""
    check_template(route)
    method = route.method
    yield from (route.verb.upper(), route.template, f"{method.containing_service.full_name}/{method.name}")
    yield f"{route.body}:{body_of(route)}" if route.body else "-"
    yield from map(parameter, route.query())
    if method.server_streaming:
        yield BYTES if method.output_type.full_name == HTTP_BODY else LINES


def check_template(route: Route) -> None:
    """Whether routes.lua reads it: it takes a variable for one segment, or for all that are left."""
    template, patterns = route.template, set(route.variables.values())
    assert patterns <= {"", "**"}, f"{template}: a pattern that routes.lua does not know"
    assert "**" not in template or template.endswith("=**}"), f"{template}: something follows a variable of many segments"


def parameter(path: tuple[FieldDescriptor, ...]) -> str:
    return f"{'.'.join(part.name for part in path)}:{kind_of(path[-1])}"
