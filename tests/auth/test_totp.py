"""One-time codes: those of RFC 6238, and recovery codes."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest

from server.auth.totp.codes import digest, matching_step, recovery_code

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
KEY = b"a key"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_rfc_s_codes(seconds: int, code: str) -> None:
    """The test vectors of RFC 6238, appendix B (SHA-1, the last six of their eight digits)."""
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("late", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_be_a_step_apart(late: int, is_taken: bool) -> None:
    """A code holds one step of 30 seconds before and after its own, and no longer."""
    moment = datetime.fromtimestamp(1111111109, UTC) + timedelta(seconds=late)
    assert (matching_step(RFC_SECRET, "081804", moment) is not None) is is_taken


@pytest.mark.parametrize("code", ["287083", "28708", "2870820", "", "287O82", "２８７０８２"])
def test_other_codes_are_wrong(code: str) -> None:
    """A digit off, one too few or too many, letters and digits of other scripts are no code."""
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_recovery_codes_can_be_typed() -> None:
    """A recovery code is sixteen lower-case letters and digits in four groups, however it is typed, and none comes twice."""
    codes = {recovery_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", code) for code in codes)
    code = codes.pop()
    assert (
        len({digest(typed, KEY) for typed in (code, code.upper(), code.replace("-", " "), f" {code.replace('-', '')} ")}) == 1
    )
    assert digest(code, KEY) != digest(code, b"another key")
