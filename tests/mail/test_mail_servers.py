"""Mail servers that are not to be trusted, or not there: nothing is told to them, and nothing but the mail waits."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gazette.system.v1.system_service_pb2 import GetHealthRequest
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.mail import transports
from server.mail.letters import Message
from server.mail.transports import NotSent
from server.settings import InvalidSettings
from tests.certificates import Authority
from tests.mail.post_office import PASSWORD, USER, PostOffice, black_hole, tapped, tls_context
from tests.mail.posting import SECRET, mail, mail_when, make_due, pause, posting, queue
from tests.servers import Servers
from tests.service import Service, make_settings


async def test_what_is_said_before_encryption(
    servers: Servers, template: str, tmp_path: Path, office: PostOffice, ca_file: str
) -> None:
    """Over STARTTLS nothing of the mail, its people or the password crosses the wire in plaintext."""
    async with (
        tapped(office.port) as (port, said),
        posting(servers, template, tmp_path, port, SMTP_CA_FILE=ca_file) as service,
    ):
        id = await queue(service)
        await mail_when(service, id, lambda row: row.send_time)
    assert said.startswith(b"EHLO example.gov\r\nSTARTTLS\r\n")
    for word in ("MAIL FROM", "AUTH", "ada@", USER, SECRET):
        assert word.encode() not in said


async def test_a_server_without_starttls(servers: Servers, template: str, tmp_path: Path, ca_file: str) -> None:
    """A server that does not offer STARTTLS, or somebody in between who hides it, is told nothing, and asked again later."""
    async with PostOffice().open() as office, tapped(office.port) as (port, said):
        async with posting(servers, template, tmp_path, port, SMTP_CA_FILE=ca_file) as service:
            id = await queue(service)
            row = await mail_when(service, id, lambda row: row.failure)
            assert "STARTTLS" in row.failure
            assert 0.9 < await pause(service, id) <= 1
        assert office.deliveries == []
        assert bytes(said) == b"EHLO example.gov\r\n"


async def test_a_server_with_another_s_certificate(servers: Servers, template: str, tmp_path: Path, office: PostOffice) -> None:
    """A certificate that SMTP_CA_FILE's authority did not issue ends the attempt before anything is said."""
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("somebody else's").certificate)
    async with posting(servers, template, tmp_path, office.port, SMTP_CA_FILE=str(other)) as service:
        id = await queue(service)
        row = await mail_when(service, id, lambda row: row.failure)
        assert row.failure.startswith("certificate refused: ")
        assert 0.9 < await pause(service, id) <= 1
    assert office.deliveries == []


async def test_a_certificate_for_another_name(
    servers: Servers, template: str, tmp_path: Path, authority: Authority, ca_file: str
) -> None:
    """The certificate must be for the host that SMTP_HOST names: the right authority is not enough."""
    async with PostOffice().open(tls_context(tmp_path, authority), host="127.0.0.2") as office:
        changed = {"SMTP_CA_FILE": ca_file, "SMTP_HOST": "127.0.0.2"}
        async with posting(servers, template, tmp_path, office.port, **changed) as service:
            id = await queue(service)
            row = await mail_when(service, id, lambda row: row.failure)
    assert row.failure.startswith("certificate refused: IP address mismatch")
    assert office.deliveries == []


async def test_a_wrong_password(servers: Servers, template: str, tmp_path: Path, office: PostOffice, ca_file: str) -> None:
    """A password that the server refuses is the operator's to mend: the mail is put off and named, the password is not."""
    changed = {"SMTP_CA_FILE": ca_file, "SMTP_PASS": "no-such-password"}
    with capture_logs() as logs:
        async with posting(servers, template, tmp_path, office.port, **changed) as service:
            id = await queue(service)
            row = await mail_when(service, id, lambda row: row.failure)
            assert row.failure == "AuthenticationError: 535 5.7.8"
            assert 0.9 < await pause(service, id) <= 1
    assert "mail put off" in [line["event"] for line in logs]
    assert "no-such-password" not in str(logs)
    assert office.deliveries == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_encryption_from_the_start(
    servers: Servers, template: str, tmp_path: Path, authority: Authority, ca_file: str
) -> None:
    """With SMTP_SECURITY=tls the connection is encrypted from its first byte."""
    async with PostOffice().open(tls_context(tmp_path, authority), implicit=True) as office:
        changed = {"SMTP_CA_FILE": ca_file, "SMTP_SECURITY": "tls"}
        async with posting(servers, template, tmp_path, office.port, **changed) as service:
            id = await queue(service)
            await mail_when(service, id, lambda row: row.send_time)
    assert [delivery.was_authenticated for delivery in office.deliveries] == [True]


async def test_no_encryption(servers: Servers, template: str, tmp_path: Path) -> None:
    """SMTP_SECURITY=none, without a user, is for a server on the same machine."""
    async with PostOffice().open() as office:
        changed = {"SMTP_SECURITY": "none", "SMTP_USER": "", "SMTP_PASS": ""}
        async with posting(servers, template, tmp_path, office.port, **changed) as service:
            id = await queue(service)
            await mail_when(service, id, lambda row: row.send_time)
    assert [delivery.was_encrypted for delivery in office.deliveries] == [False]


async def test_a_server_that_is_away(sender: Service) -> None:
    """A port that nobody listens on is found out at once."""
    async with black_hole() as port:
        pass
    unreachable = transports.transport(sender.settings.model_copy(update={"smtp_port": port}))
    assert unreachable is not None
    with pytest.raises(NotSent, match="Connect call failed"):
        await unreachable.send(Message("m", USER, "ada@example.gov", b""))


@pytest.mark.timed
async def test_a_server_that_keeps_silent(
    servers: Servers, template: str, tmp_path: Path, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that takes connections and says nothing keeps the job for ten seconds, of which four do here; calls are
    answered meanwhile, and the process can be stopped."""
    assert transports.Smtp.__init__.__defaults__ == (10.0,)
    monkeypatch.setattr(transports.Smtp.__init__, "__defaults__", (4.0,))
    async with black_hole() as port, posting(servers, template, tmp_path, port, SMTP_CA_FILE=ca_file) as service:
        first = await queue(service)
        await mail_when(service, first, lambda row: row.attempts == 1)
        start = time.monotonic()
        second = await queue(service, "grace@example.gov")
        for _ in range(20):
            await SystemServiceStub(service.channel).GetHealth(GetHealthRequest(), timeout=5)
        assert (await mail(service, second)).attempts == 0
        row = await mail_when(service, first, lambda row: row.failure)
        assert row.failure == "no answer in time"
        assert time.monotonic() - start < 9
        await mail_when(service, second, lambda row: row.attempts == 1)
        stopping = time.monotonic()
        await service.app.stop()
        assert time.monotonic() - stopping < 9


@pytest.mark.timed
async def test_a_server_that_is_slow_at_every_step(tmp_path: Path) -> None:
    """The time is for the whole attempt: a server that answers each command just in time does not prolong it."""

    async def drawl(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post\r\n")
        while await reader.readline():
            await asyncio.sleep(0.4)
            writer.write(b"250 post\r\n")

    listening = await asyncio.start_server(drawl, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    slow = transports.Smtp("127.0.0.1", port, "none", "", "", transports.tls_context(None), "example.gov", seconds=1.0)
    async with listening:
        start = time.monotonic()
        with pytest.raises(NotSent, match="no answer in time"):
            await slow.send(Message("m", USER, "ada@example.gov", b"x\r\n" * 3))
        assert time.monotonic() - start < 5


async def test_no_mail_server(servers: Servers, template: str, tmp_path: Path) -> None:
    """Without a mail server and a folder mails wait, untouched, and the log says so once at the start."""
    with capture_logs() as logs:
        async with posting(servers, template, tmp_path, 0, SMTP_HOST="") as service:
            id = await queue(service)
            await make_due(service, id)
            await next(job for job in service.app.jobs if job.name == "mail").work()
            row = await mail(service, id)
    assert (row.attempts, row.failure) == (0, None)
    assert len([line for line in logs if "SMTP_HOST" in line["event"]]) == 1


@pytest.mark.parametrize("given", ["gazette", "Gazette <gazette>", "a@example.gov, b@example.gov", "Gazétte <ü@example.gov>"])
def test_a_sender_that_is_no_address(servers: Servers, tmp_path: Path, given: str) -> None:
    """SMTP_FROM must be one address that every mail server takes, or the service does not start."""
    with pytest.raises(InvalidSettings, match=r"^SMTP_FROM "):
        transports.sender(make_settings(servers, "none", tmp_path, SMTP_FROM=given))


def test_an_authority_that_is_no_certificate(servers: Servers, tmp_path: Path) -> None:
    """A file without a certificate stops the start, and not each mail."""
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    with pytest.raises(InvalidSettings, match=r"^SMTP_CA_FILE "):
        transports.tls_context(path)


def test_the_password_is_not_shown(servers: Servers, tmp_path: Path) -> None:
    """Not even where the transport is printed."""
    changed = {"MAIL_DIRECTORY": "", "SMTP_HOST": "post", "SMTP_USER": USER, "SMTP_PASS": PASSWORD}
    assert PASSWORD not in repr(transports.transport(make_settings(servers, "none", tmp_path, **changed)))
