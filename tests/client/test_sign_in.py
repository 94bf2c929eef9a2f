"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gazette.auth.v1.auth_service_pb2 import LoginResponse
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client.errors import NotFound, Unauthenticated, failure
from gazette_client.session import Session
from tests.client.conftest import Clients
from tests.client.scripted import PASSWORD, REFUSED, Server

DOCUMENT = GetDocumentRequest(id="1")
PAGE = GetPageRequest(path="/guidance")
ABSENT = failure(grpc.StatusCode.NOT_FOUND, "PAGE_NOT_FOUND", "There is none.")


async def test_a_public_call_signs_nobody_in(clients: Clients, client: Any, scripted: Server) -> None:
    """What the contract calls public is asked without a token, even by a client that could sign in."""
    await clients.call(client.delivery.GetPage, PAGE)

    assert scripted.calls("Login") == 0
    assert "authorization" not in scripted.metadata["GetPage"][0]


async def test_the_first_calls_sign_in_once(clients: Clients, client: Any, scripted: Server) -> None:
    """A hundred first calls at once share one sign-in."""
    answers = await asyncio.gather(*(clients.call(client.content.GetDocument, DOCUMENT) for _ in range(100)))

    assert {answer.document.id for answer in answers} == {"1"}
    assert (scripted.calls("Login"), scripted.calls("GetDocument")) == (1, 100)


async def test_a_hundred_refused_calls_refresh_once(clients: Clients, client: Any, scripted: Server) -> None:
    """When the token is revoked under a hundred calls, one RefreshToken serves them all."""
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.revoke()

    await asyncio.gather(*(clients.call(client.content.GetDocument, DOCUMENT) for _ in range(100)))

    assert (scripted.calls("Login"), scripted.calls("RefreshToken")) == (1, 1)


async def test_a_token_is_refreshed_before_it_ends(clients: Clients, client: Any, scripted: Server) -> None:
    """The server never sees a token in its last tenth of life."""
    scripted.life = 100.0
    await clients.call(client.content.GetDocument, DOCUMENT)
    client._session.monotonic = lambda: time.monotonic() + 92

    await clients.call(client.content.GetDocument, DOCUMENT)

    assert (scripted.calls("RefreshToken"), scripted.calls("GetDocument")) == (1, 2)


async def test_a_session_that_has_ended_is_followed_by_another(clients: Clients, client: Any, scripted: Server) -> None:
    """A refused refresh token is no failure while the password is known."""
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.access = scripted.refresh = "void"

    await clients.call(client.content.GetDocument, DOCUMENT)

    assert (scripted.calls("RefreshToken"), scripted.calls("Login")) == (1, 2)


async def test_a_refresh_token_continues_a_session(clients: Clients, client: Any, scripted: Server) -> None:
    """A later client needs no password; once its session has ended it is told so."""
    await clients.call(client.content.GetDocument, DOCUMENT)
    async with clients.opened(email="", password="", refresh_token=client.refresh_token) as later:
        await clients.call(later.content.GetDocument, DOCUMENT)
        scripted.access = scripted.refresh = "void"
        with pytest.raises(Unauthenticated) as caught:
            await clients.call(later.content.GetDocument, DOCUMENT)

    assert caught.value.reason == "INVALID_REFRESH_TOKEN"
    assert scripted.calls("Login") == 1


async def test_a_call_that_stays_refused_fails(clients: Clients, client: Any, scripted: Server) -> None:
    """One new token is tried, not another and another."""
    scripted.fails("GetDocument", REFUSED, REFUSED, REFUSED)

    with pytest.raises(Unauthenticated):
        await clients.call(client.content.GetDocument, DOCUMENT)

    assert scripted.calls("GetDocument") == 2


async def test_a_wrong_password_is_tried_once(clients: Clients, scripted: Server) -> None:
    """Nothing guesses passwords by itself; the call fails with what signing in said."""
    async with clients.opened(password="wrong") as client:
        with pytest.raises(Unauthenticated) as caught:
            await clients.call(client.content.GetDocument, DOCUMENT)

    assert caught.value.reason == "INVALID_CREDENTIALS"
    assert (scripted.calls("Login"), scripted.calls("GetDocument")) == (1, 0)


async def test_a_code_is_asked_for_where_it_is_needed(clients: Clients, scripted: Server) -> None:
    """The authenticator app is asked at a sign-in that needs it, each time anew, and at no other."""
    codes = iter(["111111", "222222"])
    async with clients.opened(totp=lambda: next(codes)) as client:
        await clients.call(client.content.GetDocument, DOCUMENT)
        assert [login.totp_code for login in scripted.logins] == [""]
        for scripted.totp_code in ("111111", "222222"):
            scripted.access = scripted.refresh = "void"
            await clients.call(client.content.GetDocument, DOCUMENT)

    assert [login.totp_code for login in scripted.logins] == ["", "", "111111", "", "222222"]


async def test_without_a_code_the_refusal_says_so(clients: Clients, client: Any, scripted: Server) -> None:
    """A client that has no authenticator app is told that one is needed; a wrong code is tried once."""
    scripted.totp_code = "111111"
    with pytest.raises(Unauthenticated) as caught:
        await clients.call(client.content.GetDocument, DOCUMENT)
    assert caught.value.reason == "TOTP_REQUIRED"
    async with clients.opened(totp=lambda: "999999") as mistaken:
        with pytest.raises(Unauthenticated) as caught:
            await clients.call(mistaken.content.GetDocument, DOCUMENT)
    assert caught.value.reason == "INVALID_CREDENTIALS"
    assert [login.totp_code for login in scripted.logins] == ["", "", "999999"]


async def test_a_device_is_known_again(clients: Clients, client: Any, scripted: Server) -> None:
    """What one sign-in answered goes along with the next, in this client and in a later one that was given it."""
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.access = scripted.refresh = "void"
    await clients.call(client.content.GetDocument, DOCUMENT)
    async with clients.opened(device_token=client.device_token) as later:
        await clients.call(later.content.GetDocument, DOCUMENT)

    assert [login.device_token for login in scripted.logins] == ["", "device-1", "device-2"]


async def test_a_service_calls_with_its_key(clients: Clients, scripted: Server) -> None:
    """A client with an API key never signs in, and a key that is refused is refused for good."""
    scripted.access = "gaz_key"
    async with clients.opened(email="", password="", api_key="gaz_key") as client:
        await clients.call(client.content.GetDocument, DOCUMENT)
        scripted.access = "another"
        with pytest.raises(Unauthenticated) as caught:
            await clients.call(client.content.GetDocument, DOCUMENT)
        assert "gaz_key" not in f"{client!r} {client._session!r} {caught.value!r}"

    assert caught.value.reason == "INVALID_API_KEY"
    assert (scripted.calls("Login"), scripted.calls("RefreshToken"), scripted.calls("GetDocument")) == (0, 0, 2)


async def test_a_stranger_is_told_so(clients: Clients, scripted: Server) -> None:
    """Without a password the call goes out as it is, and the server answers."""
    async with clients.opened(email="", password="") as client:
        with pytest.raises(Unauthenticated):
            await clients.call(client.content.GetDocument, DOCUMENT)

    assert scripted.calls("Login") == 0


async def test_what_strangers_do_not_find_is_asked_for_again(clients: Clients, client: Any, scripted: Server) -> None:
    """A public method hides what only some may see: the client signs in and looks once more."""
    scripted.fails("GetPage", ABSENT)

    answer = await clients.call(client.delivery.GetPage, PAGE)

    assert answer.page.path == PAGE.path
    assert [each.get("authorization") for each in scripted.metadata["GetPage"]] == [None, "Bearer access-1"]


async def test_what_is_not_there_is_not_found(clients: Clients, client: Any, scripted: Server) -> None:
    """Signed in, NOT_FOUND is an answer; a client without a password does not ask twice at all."""
    scripted.fails("GetPage", *[ABSENT] * 4)
    with pytest.raises(NotFound):
        await clients.call(client.delivery.GetPage, PAGE)
    with pytest.raises(NotFound):
        await clients.call(client.delivery.GetPage, PAGE)
    async with clients.opened(email="", password="") as stranger:
        with pytest.raises(NotFound):
            await clients.call(stranger.delivery.GetPage, PAGE)

    assert scripted.calls("GetPage") == 4


async def test_a_failed_sign_in_fails_all_that_wait_for_it(clients: Clients, scripted: Server) -> None:
    """Calls that wait for one sign-in fail with it, together, instead of each trying in turn."""
    scripted.fails("Login", 0.2, *[failure(grpc.StatusCode.INTERNAL, "INTERNAL", "Ours.")] * 2)
    async with clients.opened() as client:
        first = clients.call(client.content.GetDocument, DOCUMENT)
        await first
        scripted.access = scripted.refresh = "void"

        failed = await asyncio.gather(
            *(clients.call(client.content.GetDocument, DOCUMENT) for _ in range(20)), return_exceptions=True
        )

    assert {type(each).__name__ for each in failed} == {"Internal"}
    assert scripted.calls("Login") == 2


async def test_signing_out_ends_the_session(clients: Clients, client: Any, scripted: Server) -> None:
    """The server is told, the tokens are forgotten, and a later call starts a new session."""
    await clients.call(client.content.GetDocument, DOCUMENT)

    await clients.call(client.sign_out)

    assert (scripted.calls("Logout"), client.refresh_token) == (1, "")
    await clients.call(client.content.GetDocument, DOCUMENT)
    assert scripted.calls("Login") == 2


async def test_signing_out_without_a_session_asks_nothing(clients: Clients, client: Any, scripted: Server) -> None:
    """There is nothing to end."""
    await clients.call(client.sign_out)

    assert scripted.calls("Logout") == 0


async def test_the_callers_own_authorization_is_left_alone(clients: Clients, client: Any, scripted: Server) -> None:
    """A token in the call's metadata is the one that is sent."""
    scripted.access = "own"

    await clients.call(client.content.GetDocument, DOCUMENT, metadata=(("authorization", "Bearer own"),))

    assert scripted.calls("Login") == 0


async def test_secrets_are_not_shown(clients: Clients, client: Any, scripted: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Neither password nor tokens are in what is printed or logged of a client, a session or a failure."""
    caplog.set_level(logging.DEBUG)
    scripted.fails("GetDocument", failure(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "Away."))
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.fails("GetDocument", *[REFUSED] * 2)
    with pytest.raises(Unauthenticated) as caught:
        await clients.call(client.content.GetDocument, DOCUMENT)

    shown = f"{client!r} {client._session!r} {client.__dict__} {caught.value!r} {caplog.text}"

    assert "UNAVAILABLE; attempt 2" in shown
    for secret in (PASSWORD, "access-1", "access-2", "refresh-1", "refresh-2"):
        assert secret not in shown


async def test_a_sign_in_that_hangs_is_bounded_by_the_call(clients: Clients, client: Any, scripted: Server) -> None:
    """The call's deadline holds for what comes before it too."""
    scripted.fails("Login", 5.0)
    started = asyncio.get_running_loop().time()

    with pytest.raises(grpc.RpcError) as caught:
        await clients.call(client.content.GetDocument, DOCUMENT, timeout=0.3)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_lost_refresh_is_asked_for_again(clients: Clients, client: Any, scripted: Server) -> None:
    """The contract calls a quick retry of RefreshToken safe, and Login too."""
    away = failure(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "Away.")
    scripted.fails("Login", away)
    scripted.fails("RefreshToken", away)
    await clients.call(client.content.GetDocument, DOCUMENT)
    scripted.revoke()

    await clients.call(client.content.GetDocument, DOCUMENT)

    assert (scripted.calls("Login"), scripted.calls("RefreshToken")) == (2, 2)


def test_clocks_that_disagree_do_not_renew_forever() -> None:
    """A token that seems to have ended on arrival is used until the server refuses it."""
    session = Session("a@example.gov", "secret")

    session.keep(LoginResponse(access_token="a", access_token_expire_time=Timestamp(seconds=1)))

    assert session.token() == "a"
    assert session.token(refused="a") == ""


def test_a_long_token_is_renewed_a_minute_early() -> None:
    """The margin is a minute, or a tenth of a short life."""
    session = Session("a@example.gov", "secret", now=lambda: 1000.0, monotonic=lambda: clock[0])
    clock = [0.0]
    session.keep(LoginResponse(access_token="a", access_token_expire_time=Timestamp(seconds=1900)))

    fresh = [session.token() for clock[0] in (0.0, 839.0, 841.0)]

    assert fresh == ["a", "a", ""]
