"""The life of an account, as a web client lives it: HTTP through Envoy, two workers behind it, mails in the folder."""

from __future__ import annotations

import json
import uuid
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
import pyotp

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from tests.auth.mailbox import in_folder, token
from tests.edge import Edge
from tests.polling import wait_until
from tests.refusals import http_reason

SECRETS = {
    "password",
    "newPassword",
    "token",
    "secret",
    "recoveryCodes",
    "totpCode",
    "accessToken",
    "refreshToken",
    "deviceToken",
}
FIRST, SECOND = "a-quiet-tide-at-dusk", "seven-gulls-on-a-wall"


def mails(edge: Edge, email: str) -> list[EmailMessage]:
    """The mails to an address, the earliest first."""
    return in_folder(Path(edge.home, "mail"), email)


def login(client: httpx.Client, email: str, password: str, **more: str) -> httpx.Response:
    return client.post("/v1/auth/login", json={"email": email, "password": password, **more})


def test_the_life_of_an_account(edge: Edge) -> None:
    """Invited, accepted, with an authenticator app, signed in, forgotten and reset, and signed out from afar."""
    email = f"grace-{uuid.uuid4().hex[:8]}@example.gov"
    told: set[str] = set()
    admin, grace, other = edge.client("admin@example.gov"), edge.client(), edge.client()
    for client in (grace, other):
        client.event_hooks = {"request": [partial(note, told)], "response": [partial(note, told)]}
    account_id = invite(admin, email)
    assert http_reason(login(grace, email, FIRST)) == "INVALID_CREDENTIALS"
    accept(edge, grace, email)
    device, recovery_codes = set_up_authenticator(grace, email)
    sign_in(grace, email, FIRST, recovery_codes[0], device)
    device = reset(edge, grace, email)
    assert http_reason(login(grace, email, FIRST, totpCode=recovery_codes[1])) == "INVALID_CREDENTIALS"
    sign_in(grace, email, SECOND, recovery_codes[2], device)
    refresh_token = sign_in(other, email, SECOND, recovery_codes[3], device)
    revoke_newest(grace, other, refresh_token)
    assert grace.get("/v1/auth/me").raise_for_status().json()["account"]["id"] == account_id

    last = f"last-{uuid.uuid4().hex}"
    query: dict[str, str | int] = {"target": account_id, "pageSize": 100}
    listed = admin.get("/v1/audit-events", params=query, headers={"x-request-id": last}).raise_for_status()
    actions = {event["action"] for event in listed.json()["auditEvents"]}
    assert {"account.invite", "account.accept", "account.totp_confirm", "account.password_reset"} <= actions
    assert len(told) > 20
    wait_until(lambda: last in Path(edge.home, "logs", "envoy.log").read_text())
    for log in Path(edge.home, "logs").iterdir():
        text = log.read_text()
        assert [secret for secret in told if secret in text] == [], log.name


def note(told: set[str], sent: httpx.Request | httpx.Response) -> None:
    """Adds what may be in no log (C8)."""
    body = json.loads(sent.read() or b"{}")
    for name in SECRETS & body.keys():
        told.update([body[name]] if isinstance(body[name], str) else body[name])


def invite(admin: httpx.Client, email: str) -> str:
    """The id of the invited account."""
    organisation_id = admin.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]
    wanted = {"account": {"email": email, "name": "Grace"}, "role": "ROLE_EDITOR", "organisationId": organisation_id}
    invited = admin.post("/v1/accounts:invite", json=wanted)
    assert invited.status_code == 201
    account = invited.json()["account"]
    assert invited.headers["location"] == f"/v1/accounts/{account['id']}"
    assert account["state"] == "ACCOUNT_STATE_INVITED"
    return str(account["id"])


def accept(edge: Edge, client: httpx.Client, email: str) -> None:
    """Sets the first password: not a weak one, and once."""
    (invitation,) = wait_until(lambda: mails(edge, email))
    for password, status, expected in (("password1234", 400, "WEAK_PASSWORD"), (FIRST, 200, ""), (SECOND, 400, "INVALID_LINK")):
        answer = client.post("/v1/auth/accept-invitation", json={"token": token(invitation), "password": password})
        assert answer.status_code == status, password
        if status == 200:
            assert answer.json()["account"]["state"] == "ACCOUNT_STATE_ACTIVE"
            assert answer.json()["deviceToken"]
        else:
            assert http_reason(answer) == expected


def set_up_authenticator(client: httpx.Client, email: str) -> tuple[str, list[str]]:
    """The device token of a first sign-in, and the recovery codes; from now on a code is asked for."""
    signed_in = login(client, email, FIRST).raise_for_status().json()
    client.headers["authorization"] = f"Bearer {signed_in['accessToken']}"
    enrolled = client.post("/v1/auth/totp:enrol", json={"password": FIRST}).raise_for_status().json()
    app = pyotp.TOTP(enrolled["secret"])
    assert app.secret in enrolled["uri"]
    wrong = client.post("/v1/auth/totp:confirm", json={"code": "000000" if app.now() != "000000" else "000001"})
    assert (wrong.status_code, http_reason(wrong)) == (400, "WRONG_CODE")
    confirmed = client.post("/v1/auth/totp:confirm", json={"code": app.now()}).raise_for_status().json()
    assert len(confirmed["recoveryCodes"]) == 10
    without = login(client, email, FIRST)
    assert (without.status_code, http_reason(without)) == (401, "TOTP_REQUIRED")
    return signed_in["deviceToken"], confirmed["recoveryCodes"]


def sign_in(client: httpx.Client, email: str, password: str, code: str, device: str) -> str:
    """Signs the client in; the refresh token."""
    answer = login(client, email, password, totpCode=code, deviceToken=device).raise_for_status().json()
    client.headers["authorization"] = f"Bearer {answer['accessToken']}"
    return str(answer["refreshToken"])


def reset(edge: Edge, client: httpx.Client, email: str) -> str:
    """Sets another password by mail, which ends the client's session. The token of the device where it was done."""
    assert client.post("/v1/auth/request-password-reset", json={"email": email}).json() == {}
    mail = wait_until(lambda: [each for each in mails(edge, email) if "password" in str(each["Subject"]).lower()])[0]
    done = client.post("/v1/auth/reset-password", json={"token": token(mail), "newPassword": SECOND})
    assert list(done.raise_for_status().json()) == ["deviceToken"]
    wait_until(lambda: client.get("/v1/auth/me").status_code == 401)
    return str(done.json()["deviceToken"])


def revoke_newest(client: httpx.Client, other: httpx.Client, refresh_token: str) -> None:
    """The client ends the session of the other, which is the newest."""
    sessions = client.get("/v1/auth/sessions").raise_for_status().json()["sessions"]
    assert [each["isCurrent"] for each in sessions] == [False, True]
    assert client.delete(f"/v1/auth/sessions/{sessions[0]['id']}").raise_for_status().json() == {}
    refused = other.post("/v1/auth/refresh", json={"refreshToken": refresh_token})
    assert (refused.status_code, http_reason(refused)) == (401, "INVALID_REFRESH_TOKEN")
    wait_until(lambda: other.get("/v1/auth/me").status_code == 401)


def test_a_revoked_session_is_felt_by_every_process(edge: Edge) -> None:
    """Each of the two worker processes, asked directly, refuses the access token within five seconds (T5)."""
    client = edge.client("author@example.gov")
    answer = login(edge.client(), "author@example.gov", "gazette-demo-only").raise_for_status().json()
    metadata = (("authorization", f"Bearer {answer['accessToken']}"),)
    sockets = sorted(Path(edge.home).rglob("worker-*.sock"))
    assert len(sockets) == 2
    channels = [grpc.insecure_channel(f"unix:{path}", options=[("grpc.use_local_subchannel_pool", 1)]) for path in sockets]
    stubs = [AuthServiceStub(channel) for channel in channels]
    for stub in stubs:
        assert stub.GetMe(GetMeRequest(), metadata=metadata, timeout=5).account.email == "author@example.gov"
    newest = client.get("/v1/auth/sessions").raise_for_status().json()["sessions"][0]["id"]

    client.delete(f"/v1/auth/sessions/{newest}").raise_for_status()

    for stub in stubs:
        assert wait_until(partial(is_refused, stub, metadata), 5.0)
    for channel in channels:
        channel.close()


def is_refused(stub: Any, metadata: tuple[tuple[str, str], ...]) -> bool:
    try:
        stub.GetMe(GetMeRequest(), metadata=metadata, timeout=5)
    except grpc.RpcError as error:
        code: Any = getattr(error, "code")()  # noqa: B009 - RpcError's type has none
        return code is grpc.StatusCode.UNAUTHENTICATED
    return False
