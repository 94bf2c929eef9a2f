"""The development stack, brought up by Compose: each service waits for what it needs, pages come through Envoy, changed code is
served, and mails are caught."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.engine import engine
from tests.deploy.stack import PROJECT, Stack, make_images
from tests.polling import wait_until

SITE = "http://127.0.0.1:8080"
MAILS = "http://127.0.0.1:8025/api/v1/messages"
LASTING = {"server", "envoy", "postgres", "redis", "minio", "mail"}
ONE_SHOTS = {"bucket", "envoy-config", "migrate"}
LONGEST = 120.0
pytestmark = [pytest.mark.deploy, pytest.mark.heavy]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, up and healthy. In the end it is taken down, which must succeed and leave nothing."""
    with engine() as building:
        make_images(building)
    with engine(has_networks=True) as running:
        made = Stack.copied(running, tmp_path_factory.mktemp("checkout"))
        try:
            made.compose("up", "--no-build", "--wait", "--wait-timeout", "300")
            yield made
        finally:
            made.compose("down", "--volumes", "--timeout", "30")
        own = ("--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
        assert running.docker("ps", "--all", *own) == running.docker("volume", "ls", *own) == ""


def test_it_comes_up(stack: Stack) -> None:
    """What lasts is healthy, and what prepares something has ended well: the schema, the bucket, Envoy's configuration."""
    states = stack.states()
    assert set(states) == LASTING | ONE_SHOTS
    assert {states[name] for name in LASTING} == {("running", "healthy", 0)}
    assert {states[name] for name in ONE_SHOTS} == {("exited", "", 0)}


def test_pages_are_read_through_envoy(stack: Stack) -> None:
    """The demo loads, files in the bucket included, and its pages are served over HTTP with all that a smoke test asks."""
    stack.compose("exec", "--no-TTY", "server", "gazette", "demo")
    status, answer = stack.ask(f"{SITE}/v1/pages/guidance/moor-a-boat")
    assert (status, answer["page"]["title"]) == (200, "Apply for a mooring")
    stack.compose("exec", "--no-TTY", "server", "gazette", "smoke", "--url", "http://envoy:8080")


def test_changed_code_is_served(stack: Stack) -> None:
    """An edit under server/ restarts the server: what it says has changed. Envoy finds it again."""
    log = stack.home / "watch.log"
    watching = stack.watching(log)
    try:
        wait_until(lambda: "Watch enabled" in log.read_text(), LONGEST)
        file = stack.home / "server/delivery/failures.py"
        file.write_text(file.read_text().replace("Nothing is published at this path.", "Nobody has published anything here."))
        wait_until(lambda: refused(stack)["message"] == "Nobody has published anything here.", LONGEST)
    finally:
        watching.send_signal(signal.SIGINT)
        watching.wait(60)


def refused(stack: Stack) -> dict[str, Any]:
    """What is said of a page that is not there; nothing while the server is away."""
    status, answer = stack.ask(f"{SITE}/v1/pages/no/such/page")
    return answer if status == 404 else {"message": ""}


def test_mails_are_caught(stack: Stack) -> None:
    """A link to a new password is sent, and is in the catcher."""
    wait_until(lambda: stack.ask(f"{SITE}/v1/auth/request-password-reset", {"email": "author@example.gov"})[0] == 200, LONGEST)
    message = wait_until(lambda: stack.ask(MAILS)[1]["messages"], LONGEST)[0]
    assert [each["Address"] for each in message["To"]] == ["author@example.gov"]
