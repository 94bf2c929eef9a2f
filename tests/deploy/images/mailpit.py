#!/usr/bin/env python3
"""A catcher of mails with Mailpit's ports, and two of its addresses: whether it is ready, and what came."""

from __future__ import annotations

import email
import email.policy
import json
import sys
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

from aiosmtpd.controller import Controller

came: list[EmailMessage] = []


class Catcher:
    """Takes every mail, for whomever it is."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        came.insert(0, email.message_from_bytes(envelope.content, EmailMessage, policy=email.policy.default))
        return "250 OK"


class Pages(BaseHTTPRequestHandler):
    """Answers /readyz and /api/v1/messages."""

    def do_GET(self) -> None:
        answers: dict[str, bytes] = {"/readyz": b"ok", "/api/v1/messages": json.dumps(listed()).encode()}
        answer = answers.get(self.path)
        self.send_response(404 if answer is None else 200)
        self.end_headers()
        self.wfile.write(answer or b"")


def listed() -> dict[str, Any]:
    """The mails as Mailpit lists them, newest first."""
    messages = [
        {"Subject": each["subject"], "To": [{"Address": one.addr_spec} for one in each["to"].addresses]} for each in came
    ]
    return {"total": len(messages), "messages": messages}


if sys.argv[1:] == ["readyz"]:
    urlopen("http://127.0.0.1:8025/readyz", timeout=2)
else:
    Controller(Catcher(), hostname="0.0.0.0", port=1025).start()
    ThreadingHTTPServer(("0.0.0.0", 8025), Pages).serve_forever()
