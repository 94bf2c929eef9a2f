"""The settings of mail: where it is written or sent, and as whom. Each docstring is the comment in `.env.example`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from server.settings.values import Port, variable


class MailSettings(BaseModel):
    """What sends mails wants to know."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    mail_directory: Path | None = variable("MAIL_DIRECTORY", default=None)
    """A folder that mails are written to instead of being sent. For development."""
    smtp_host: str = variable("SMTP_HOST", default="", pattern=r"^[A-Za-z0-9.:-]*$")
    """The mail server. Empty, and without MAIL_DIRECTORY: mails wait in the database."""
    smtp_port: Port = variable("SMTP_PORT", default=587)
    """Its port."""
    smtp_security: Literal["starttls", "tls", "none"] = variable("SMTP_SECURITY", default="starttls")
    """How the connection is encrypted: starttls (required then, port 587), tls (from the start, port 465) or none."""
    smtp_ca_file: Path | None = variable("SMTP_CA_FILE", default=None)
    """The authority (PEM) that the mail server's certificate must come from. Empty: those that the system trusts."""
    smtp_user: str = variable("SMTP_USER", default="")
    """Its user."""
    smtp_pass: str = variable("SMTP_PASS", default="", repr=False)
    """Its password."""
    smtp_from: str = variable("SMTP_FROM", default="Gazette <gazette@localhost>")
    """Who the mails are from."""
