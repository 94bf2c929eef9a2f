"""What a client keeps that proves a device, or begins a session, other than signing in."""

from __future__ import annotations

from typing import Any

from gazette.auth.v1.password_pb2 import AcceptInvitationRequest, ChangePasswordRequest, ResetPasswordRequest
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from tests.client.conftest import Clients
from tests.client.scripted import PASSWORD, Server

DOCUMENT = GetDocumentRequest(id="1")


async def test_who_proved_the_mailbox_is_a_known_device(clients: Clients, client: Any, scripted: Server) -> None:
    """What resetting and accepting answered goes along with the next sign-in (A10); an invitation of somebody else does not."""
    await clients.call(client.auth.ResetPassword, ResetPasswordRequest(token="t", new_password="n"))
    await clients.call(client.content.GetDocument, DOCUMENT)
    async with clients.opened() as newcomer:
        await clients.call(newcomer.auth.AcceptInvitation, AcceptInvitationRequest(token="t", password="n"))
        await clients.call(newcomer.content.GetDocument, DOCUMENT)
    scripted.accepts = "somebody.else@example.gov"
    async with clients.opened() as other:
        await clients.call(other.auth.AcceptInvitation, AcceptInvitationRequest(token="t", password="n"))
        await clients.call(other.content.GetDocument, DOCUMENT)

    assert [login.device_token for login in scripted.logins] == ["device-of-reset", "device-of-invitation", ""]


async def test_another_password_is_gone_on_with(clients: Clients, client: Any, scripted: Server) -> None:
    """The session that ChangePassword began is used, and once it has ended, the new password and the new device's token."""
    await clients.call(client.auth.ChangePassword, ChangePasswordRequest(password=PASSWORD, new_password="another"))
    await clients.call(client.content.GetDocument, DOCUMENT)
    assert (scripted.calls("Login"), scripted.calls("RefreshToken")) == (1, 0)
    scripted.access = scripted.refresh = "void"
    await clients.call(client.content.GetDocument, DOCUMENT)

    assert (scripted.logins[-1].password, scripted.logins[-1].device_token) == ("another", "device-of-change")
