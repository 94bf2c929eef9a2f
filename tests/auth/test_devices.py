"""Device tokens: which tell a known device, and which are as good as none."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from server.auth.base64url import decoded, encoded
from server.auth.devices import LIFETIME, DeviceTokens
from server.auth.tokens.refresh import RefreshTokens

SECRET = "a secret of the tests, for refresh tokens"
ISSUED = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = uuid.UUID(int=3)


@dataclass(frozen=True)
class Owner:
    """What a token depends on of an account."""

    id: uuid.UUID | None
    password_generation: int = 1
    totp_confirm_time: datetime | None = None


ADA, GRACE, NOBODY = Owner(uuid.UUID(int=1)), Owner(uuid.UUID(int=2)), Owner(None)


def at(moment: datetime, secret: str = SECRET) -> DeviceTokens:
    made = DeviceTokens.from_secret(secret)
    return DeviceTokens(made.key, lambda: moment)


def issued(account: Owner = ADA, *, secret: str = SECRET, has_passed: bool = True) -> str:
    return at(ISSUED, secret).token(account, DEVICE, has_passed=has_passed)


def read(token: str, account: Owner = ADA, moment: datetime = ISSUED) -> uuid.UUID | None:
    device = at(moment).device(token, account)
    return device.id if device else None


def test_a_device_is_known_for_ninety_days() -> None:
    """Until then its token names it, and from then on it does not."""
    token = issued()
    assert len(token) <= 256  # what a request may carry
    assert read(token) == DEVICE
    assert read(token, moment=ISSUED + LIFETIME - timedelta(seconds=1)) == DEVICE
    assert read(token, moment=ISSUED + LIFETIME) is None


def test_a_device_is_known_to_its_account_alone() -> None:
    """Another account's token, or one for an address that is nobody's, is as good as none."""
    token = issued()
    assert read(token, GRACE) is None
    assert read(token, NOBODY) is None


def test_a_device_is_known_for_one_password() -> None:
    """With every other password that the account gets, or had before, the token is as good as none."""
    token = issued()
    assert read(token, replace(ADA, password_generation=2)) is None
    assert read(token, replace(ADA, password_generation=0)) is None


def test_what_a_device_has_passed() -> None:
    """A token tells whether the device gave a code of the app that the account has now: not of an earlier app, nor without one,
    nor where it proved something else."""
    with_app = replace(ADA, totp_confirm_time=ISSUED - timedelta(days=1))
    another = replace(ADA, totp_confirm_time=ISSUED)

    def has_passed(token: str, account: Owner) -> bool:
        device = at(ISSUED).device(token, account)
        assert device is not None
        return device.has_passed

    assert has_passed(issued(with_app), with_app)
    assert not has_passed(issued(with_app), another)
    assert not has_passed(issued(with_app), ADA)
    assert not has_passed(issued(with_app, has_passed=False), with_app)
    assert not has_passed(issued(ADA), with_app)
    assert not has_passed(issued(ADA), ADA)


def test_another_secret_signs_nothing() -> None:
    """A token that another installation signed is not ours."""
    assert read(issued(secret="another secret of the tests, as long")) is None


def test_no_byte_may_change() -> None:
    """A token with any of its bytes changed is as good as none, and so is one that is written in another way."""
    token = issued()
    raw = decoded(token)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert read(encoded(bytes(changed))) is None
    assert read(token + "=") is None


@pytest.mark.parametrize(
    "token", ["", "a", "aaaa", "*" * 20, "é" * 90, encoded(bytes(88)), encoded(bytes(32)), encoded(bytes(200))], ids=len
)
def test_what_is_no_token(token: str) -> None:
    """Text of any kind is as good as none."""
    assert read(token) is None


def test_a_refresh_token_is_no_device_token() -> None:
    """Though both are signed under one secret, neither passes for the other."""
    assert read(RefreshTokens(SECRET).token(uuid.UUID(int=1), 1)) is None


def test_the_key_is_not_shown() -> None:
    """Nothing that prints the object prints its key."""
    made = DeviceTokens.from_secret(SECRET)
    assert repr(made.key) not in repr(made)
