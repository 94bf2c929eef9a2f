"""What is put into a mail comes out the same, and never becomes a header, a command or another recipient."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from types import SimpleNamespace
from typing import Any, cast

import pytest

from server.mail import letters
from server.mail.letters import Letter, Message
from server.stores.postgres import AnyRow
from tests.mail.post_office import PostOffice
from tests.mail.posting import mail_when, queue
from tests.service import Service

SENDER = Address("The Gazette", "gazette", "example.gov")
NAUGHTY = {
    "line-breaks": "Ada\r\nBcc: everyone@example.gov\r\n\r\nSend money",
    "line-feed": "Ada\nSubject: other",
    "carriage-return": "Ada\rX: y",
    "controls": "Ada\x00\x0b\x0c\x1b[31m\x85\u2028\u2029",
    "beyond-ascii": "Ädä Бајрон 爱达 🏛️ عَدَا",
    "encoded-line-breaks": "=?utf-8?q?Ada=0D=0ABcc:_everyone@example.gov?=",
    "twice-encoded": "=?utf-8?q?=3D=3Futf-8=3Fq=3FAda=3D0D=3D0ABcc:_x=3F=3D?=",
    "broken-encoding": "==??utf-8?q?Ada=0D=0ABcc:_x?=",
    "dots": "Ada\n.\nMAIL FROM:<x@example.gov>",
    "long": "A" * 5000,
    "markup": "<script>alert('Ada')</script>&amp;",
}


def row(recipient: str = "ada@example.gov") -> AnyRow:
    mail: Any = SimpleNamespace(
        id=uuid.UUID(int=7), kind="greeting", recipient=recipient, create_time=datetime(2026, 11, 21, 12, tzinfo=UTC)
    )
    return cast("AnyRow", mail)


def parsed(message: Message) -> EmailMessage:
    found = message_from_bytes(message.content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY.keys())
def test_a_subject_stays_one_header(text: str) -> None:
    """Whatever a subject holds, the message has the headers that it should have, and each once."""
    message = parsed(letters.message(row(), Letter(text, "text", "<p>html</p>"), SENDER))
    assert sorted(name.lower() for name in message) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert message["Subject"] == letters.one_line(text)
    assert message["To"] == "ada@example.gov"


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY.keys())
def test_a_message_s_bytes(text: str) -> None:
    """A message is ASCII, in lines that every mail server takes (RFC 5322 section 2.1.1), whatever is in it."""
    content = letters.message(row(), Letter(text, text, text), SENDER).content
    assert content.isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", ["line-breaks", "beyond-ascii", "dots", "long", "markup"])
async def test_a_name_arrives(sender: Service, office: PostOffice, name: str) -> None:
    """What people are called arrives to the character, and reaches nobody else."""
    id = await queue(sender, name=NAUGHTY[name])
    await mail_when(sender, id, lambda row: row.send_time)
    (delivery,) = office.deliveries
    assert delivery.recipient == "ada@example.gov"
    assert delivery.message["Bcc"] is None
    assert f"Dear {NAUGHTY[name]}," in delivery.part("plain").replace("\r\n", "\n" if name == "dots" else "\r\n")


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ada",
        "@example.gov",
        "ada@",
        "ada@exam ple.gov",
        "ada@example.gov\r\nBcc: x@example.gov",
        "a\nda@example.gov",
        "ada@example.gov>",
        "ada@<example.gov",
        "ada@example.gov,eve@example.com,",
        "ada\x00@example.gov",
        "=?utf-8?q?a=0D=0ABcc:_x?=@example.gov",
        "ada@" + "x" * 70 + "é.gov",
    ],
    ids=str.__repr__,
)
def test_what_is_no_address_is_refused(recipient: str) -> None:
    """Nothing that could end an address and begin something else becomes one."""
    with pytest.raises(ValueError, match="is no address"):
        letters.message(row(recipient), Letter("s", "t", "h"), SENDER)


@pytest.mark.parametrize(
    ("recipient", "envelope"),
    [
        ("ada.byron+x@example.gov", "ada.byron+x@example.gov"),
        ("a<b@example.gov", '"a<b"@example.gov'),
        ("ada,eve@example.gov", '"ada,eve"@example.gov'),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße-amt.example", "ada@xn--strae-amt-j1a.example"),
        ("ädä@example.gov", "ädä@example.gov"),
    ],
)
async def test_unusual_addresses(sender: Service, office: PostOffice, recipient: str, envelope: str) -> None:
    """What is special in an address is quoted or encoded, and reaches exactly this one."""
    id = await queue(sender, recipient)
    await mail_when(sender, id, lambda row: row.send_time)
    (delivery,) = office.deliveries
    assert delivery.recipient == envelope
    assert delivery.message["To"] == envelope


async def test_a_recipient_who_cannot_be(sender: Service, office: PostOffice) -> None:
    """A mail to what is no address is given up at once, and keeps no other waiting."""
    bad = await queue(sender, "ada@example.gov\r\nRCPT TO:<eve@example.com>")
    good = await queue(sender)
    row = await mail_when(sender, bad, lambda row: row.failure)
    assert (row.failure, row.next_attempt_time) == ("recipient is no address", None)
    await mail_when(sender, good, lambda row: row.send_time)
    assert [delivery.recipient for delivery in office.deliveries] == ["ada@example.gov"]
