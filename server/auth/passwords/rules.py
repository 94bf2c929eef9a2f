"""Which passwords will do."""

from __future__ import annotations

import re
import unicodedata

from server.auth.failures import WeakPassword
from server.auth.passwords.common import is_common
from server.rpc.failures import Violation

MIN_PASSWORD, MAX_PASSWORD = 12, 128  # code points
DEMO_PASSWORD = "gazette-demo-only"  # noqa: S105 - known to everyone, and so worth nothing outside development
OWN_WORD = re.compile(r"[^\W_]{4,}")


def normal(password: str) -> str:
    """The password as it is counted and hashed, however a keyboard composed it (NIST SP 800-63B section 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *own: str, field: str = "password") -> None:
    """Raises WeakPassword that names the request's field. `own` is what everybody knows of the account: none of its words may
    be in the password."""
    password = normal(password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise WeakPassword(Violation(field, f"has not between {MIN_PASSWORD} and {MAX_PASSWORD} characters"))
    folded = password.casefold()
    if is_common(folded):
        raise WeakPassword(Violation(field, "is a common password, or a common word with little added to it"))
    if any(word in folded for word in OWN_WORD.findall(normal(" ".join(own)).casefold())):
        raise WeakPassword(Violation(field, "contains a word of the account's or the organisation's own"))
