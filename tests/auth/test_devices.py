"""Device tokens: which tell a known device, and which are as good as none."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from server.auth.base64url import decoded, encoded
from server.auth.sign_in.devices import LIFETIME, DeviceTokens
from server.auth.tokens.refresh import RefreshTokens

SECRET = "a secret of the tests, for refresh tokens"
ISSUED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, GRACE, DEVICE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)


def at(moment: datetime, secret: str = SECRET) -> DeviceTokens:
    made = DeviceTokens.from_secret(secret)
    return DeviceTokens(made.key, lambda: moment)


def test_a_device_is_known_for_ninety_days() -> None:
    """Until then its token names it, and from then on it does not."""
    token = at(ISSUED).token(ADA, DEVICE)
    assert len(token) <= 256  # what a request may carry
    assert at(ISSUED).device(token, ADA) == DEVICE
    assert at(ISSUED + LIFETIME - timedelta(seconds=1)).device(token, ADA) == DEVICE
    assert at(ISSUED + LIFETIME).device(token, ADA) is None


def test_a_device_is_known_to_its_account_alone() -> None:
    """Another account's token, or one for an address that is nobody's, is as good as none."""
    token = at(ISSUED).token(ADA, DEVICE)
    assert at(ISSUED).device(token, GRACE) is None
    assert at(ISSUED).device(token, None) is None


def test_another_secret_signs_nothing() -> None:
    """A token that another installation signed is not ours."""
    assert at(ISSUED).device(at(ISSUED, "another secret of the tests, as long").token(ADA, DEVICE), ADA) is None


def test_no_byte_may_change() -> None:
    """A token with any of its bytes changed is as good as none, and so is one that is written in another way."""
    token = at(ISSUED).token(ADA, DEVICE)
    raw = decoded(token)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert at(ISSUED).device(encoded(bytes(changed)), ADA) is None
    assert at(ISSUED).device(token + "=", ADA) is None


@pytest.mark.parametrize(
    "token", ["", "a", "aaaa", "*" * 20, "é" * 90, encoded(bytes(69)), encoded(bytes(32)), encoded(bytes(200))], ids=len
)
def test_what_is_no_token(token: str) -> None:
    """Text of any kind is as good as none."""
    assert at(ISSUED).device(token, ADA) is None


def test_a_refresh_token_is_no_device_token() -> None:
    """Though both are signed under one secret, neither passes for the other."""
    assert at(ISSUED).device(RefreshTokens(SECRET).token(ADA, 1), ADA) is None


def test_the_key_is_not_shown() -> None:
    """Nothing that prints the object prints its key."""
    made = DeviceTokens.from_secret(SECRET)
    assert repr(made.key) not in repr(made)
