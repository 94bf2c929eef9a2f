"""Which RPC a path is: what Envoy's filter says of it, and what the transcoder behind it does (D10)."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from deploy.envoy.render import HERE
from devstack.home import Home
from tests.devstack.reaching import reached, reaching

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class Route(NamedTuple):
    method: str
    template: str
    rpc: str
    body: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the template takes. A custom verb ends a path; a variable of one segment holds no colon in the last one."""
        text = re.escape(self.template).replace(r"=\*\*", "=**")
        text = re.sub(r"\\{[^}]*=\*\*\\}", ".+", text)
        return re.compile(re.sub(r"\\{[^}]*\\}$", "[^/:]+", re.sub(r"\\{[^}]*\\}(?!$)", "[^/]+", text)))

    @property
    def is_special(self) -> tuple[bool, ...]:
        """For each segment whether it is a literal; what is more special goes first."""
        return tuple("{" not in segment for segment in re.split("[/:]", self.template))


ROUTES = [Route(*line.split()[:4]) for line in (HERE / "routes.txt").read_text().splitlines()]


def routes_at(path: str) -> dict[str, Route]:
    """By method, what the templates say of a path without escapes."""
    found = [route for route in ROUTES if route.pattern.fullmatch(path.rstrip("/"))]
    return {route.method: route for route in sorted(found, key=lambda route: route.is_special)}


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with reaching(Home.at(tmp_path_factory.mktemp("routes"))) as url, httpx.AsyncClient(base_url=url) as opened:
        yield opened


async def asked(client: httpx.AsyncClient, method: str, path: str, content: str = "") -> httpx.Response:
    """The answer, to this very path: httpx would escape and normalise it."""
    target = {"target": path.encode()}
    headers = {"content-type": "application/json"} if content else {}
    return await client.send(client.build_request(method, "/", content=content, headers=headers, extensions=target))


def content_of(route: Route) -> str:
    return "" if route.body == "-" else "[{}]" if ":[" in route.body else "{}"


def name_of(template: str) -> str:
    return template.replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {name_of(route.template)}")
async def test_every_route_leads_to_its_rpc(client: httpx.AsyncClient, route: Route) -> None:
    """Each binding of the contract is reached at its path, with a slash at the end too, and with HEAD where it is a GET."""
    path = re.sub(r"\{[^}]*\}", "7", route.template)
    for variant in (path, f"{path}/"):
        answer = await asked(client, route.method, variant, content_of(route))
        assert reached(answer).rpc == route.rpc
    if route.method == "GET":
        assert (await asked(client, "HEAD", path)).status_code == httpx.codes.NOT_IMPLEMENTED


@pytest.mark.parametrize("template", sorted({route.template for route in ROUTES}), ids=name_of)
async def test_methods_of_every_path(client: httpx.AsyncClient, template: str) -> None:
    """OPTIONS names the methods that a path has, which are those that its other methods are refused for."""
    path = re.sub(r"\{[^}]*\}", "7", template)
    known = routes_at(path)
    allow = ", ".join(sorted({*known, "OPTIONS", *(["HEAD"] if "GET" in known else [])}))
    options = await asked(client, "OPTIONS", path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allow, b"")
    for method in (*METHODS, "TRACE", *(() if "GET" in known else ("HEAD",))):
        if method not in known:
            answer = await asked(client, method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allow)
            if method != "HEAD":
                error = answer.json()
                assert error["details"][0]["reason"] == "METHOD_NOT_ALLOWED"
                assert error["details"][0]["metadata"] == {"methods": allow}
                assert error["details"][1]["requestId"] == answer.headers["x-request-id"]


WORDS = sorted({word for route in ROUTES for word in re.split(r"[/:]|\{[^}]*\}", route.template) if word})
PATHS = some.lists(
    some.tuples(some.sampled_from("//:"), some.sampled_from([*WORDS, "a", "7", "%61"])), min_size=1, max_size=6
).map(lambda parts: "/v1" + "".join(mark + word for mark, word in parts))
NEAR = some.builds(
    lambda route, words, end: re.sub(r"\{[^}]*\}", lambda _: words.pop(), route.template) + end,
    some.sampled_from(ROUTES),
    some.lists(some.sampled_from(WORDS), min_size=3, max_size=3),
    some.sampled_from(["", "", "/", ":home", "/publish", ":export"]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(path=PATHS | NEAR, method=some.sampled_from(METHODS))
async def test_paths_of_the_contract_s_words(client: httpx.AsyncClient, path: str, method: str) -> None:
    """Whatever a path is made of, the RPC that it reaches is the one whose template it has, or it is refused."""
    known = routes_at(unquote(path))
    answer = await asked(client, method, path, content_of(known[method]) if method in known else "")
    if answer.status_code == httpx.codes.BAD_REQUEST:
        assert "{number}" in known[method].template  # which is none
    elif method in known:
        assert reached(answer).rpc == known[method].rpc
    else:
        assert answer.status_code == (405 if known else 404), answer.text


@pytest.mark.parametrize(
    ("path", "rpc", "request_"),
    [
        ("/v1/pages/guidance%2Fmoor-a-boat", "GetPage", {"path": "guidance/moor-a-boat"}),
        ("/v1/pages/guidance%2fmoor%2Fa%2fboat", "GetPage", {"path": "guidance/moor/a/boat"}),
        ("/v1/pages/%2Fguidance%2Fmoor-a-boat", "GetPage", {"path": "guidance/moor-a-boat"}),
        ("/v1/pages/guidance/moor%2Fa-boat%2F", "GetPage", {"path": "guidance/moor/a-boat"}),
        ("/v1/pages/a%2F%2F%2fb", "GetPage", {"path": "a/b"}),
        ("/v1/pages/%2F", "GetPage", {}),
        ("/v1/pages/%2f%2F/", "GetPage", {}),
        ("/v1/pages/%2F?locale=cy&query=a%2Fb%5Cc", "GetPage", {"locale": "cy", "query": "a/b\\c"}),
        ("/v1/pages:home?query=%2F", "GetPage", {"query": "/"}),
        ("/v1/pages/home", "GetPage", {"path": "home"}),
        ("/v1/pages/a%2Fhome", "GetPage", {"path": "a/home"}),
        ("/v1/pages/a:home", "GetPage", {"path": "a:home"}),
        ("/v1/pages/home:home", "GetPage", {"path": "home:home"}),
        ("/v1/pages/a%252Fb", "GetPage", {"path": "a%2Fb"}),
        ("/v1/pages/a%252F..%252Fb", "GetPage", {"path": "a%2F..%2Fb"}),
        ("/v1/pages/a/%2e%2e/b", "GetPage", {"path": "b"}),
        ("/v1/pages/a...b%2F...", "GetPage", {"path": "a...b/..."}),
        ("/v1/documents/export", "GetDocument", {"id": "export"}),
        ("/v1/pages/", "ListPages", {}),
    ],
)
async def test_what_a_path_says(client: httpx.AsyncClient, path: str, rpc: str, request_: dict[str, str]) -> None:
    """A page's path may come as one parameter, its slashes escaped; what is no custom verb in its place is a name."""
    said = reached(await asked(client, "GET", path))
    assert (said.rpc.partition("/")[2], said.request) == (rpc, request_)


async def test_prefixes_with_escaped_slashes(client: httpx.AsyncClient) -> None:
    """What goes for a page's path goes for an organisation's."""
    said = reached(await asked(client, "DELETE", "/v1/organisations/7/paths/%2Fguidance%2fboats"))
    assert said.request == {"organisationId": "7", "prefix": "guidance/boats"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/documents/a%2Fb",
        "/v1/documents/a%2fb",
        "/v1/documents%2Fa",
        "/v1%2Fpages/a",
        "/v1%2Fpages%2Fa",
        "/v1/documents/a%2Fb/comments/c",
        "/v1/organisations/a%2Fb/paths/c",
        "/v1/organisations/a%2Fpaths/c",
        "/%2Fhealth",
        "/nowhere%2F",
        "/v1/pages/a%5Cb",
        "/v1/pages/a%5cb",
        "/v1/pages/a%2Fb%5Cc",
        "/v1/documents/a%5Cb",
        "/v1/pages/a%2F..%2F..%2Fdocuments",
        "/v1/pages/a%2F%2e%2e%2Fb",
        "/v1/pages/a%2F%2E.",
        "/v1/pages/..%2F..%2Fdocuments",
        "/v1/pages/%2e%2e%2fhealth",
        "/v1/pages/.%2Fa",
        "/v1/pages/a%2F%2e%2Fb",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "HEAD"])
async def test_paths_that_can_be_read_in_two_ways(client: httpx.AsyncClient, method: str, path: str) -> None:
    """Any other escaped slash, each backslash and dots that climb behind one are refused, and reach nobody (D10)."""
    answer = await asked(client, method, path)
    assert answer.status_code == 400
    if method != "HEAD":
        assert answer.json()["details"][0]["reason"] == "INVALID_PATH"
