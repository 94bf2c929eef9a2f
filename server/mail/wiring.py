"""What mail adds to a process: the job that sends."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func

from server.mail.models import Mail
from server.mail.sending import Sending
from server.process.domains import Base, Crossings, Domain
from server.stores.retention import Expired

KEPT = timedelta(days=90)
"""For how long what became of a mail can be looked up."""


def wire(base: Base, crossings: Crossings) -> Domain:
    """Raises InvalidSettings."""
    sending = Sending.from_settings(base.settings, base.database, crossings.composers)
    is_over = Mail.next_attempt_time.is_(None) & (Mail.create_time < func.now() - KEPT)
    return Domain(jobs=(sending.job(),), retention=(Expired(Mail, is_over),), means=(sending,))
