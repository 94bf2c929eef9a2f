"""Refresh tokens as text: signed, and written in one way only."""

from __future__ import annotations

import string
import uuid

import pytest

from server.auth.failures import InvalidRefreshToken
from server.auth.tokens.refresh import RefreshTokens
from tests.auth.forging import FORGES

TOKENS = RefreshTokens("a secret of the tests, for refresh tokens")
SESSION = uuid.UUID("019a5b3e-2f7c-7d1e-8a44-0242ac120002")
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@pytest.mark.parametrize("counter", [0, 1, 2**31, 2**48 - 1])
def test_a_token_reads_back(counter: int) -> None:
    """A refresh token says which session it is of, and the how many-th."""
    assert TOKENS.read(TOKENS.token(SESSION, counter)) == (SESSION, counter)


def test_any_changed_character_is_refused() -> None:
    """No character of a refresh token can be another."""
    token = TOKENS.token(SESSION, 7)
    for index, character in enumerate(token):
        other = ALPHABET[ALPHABET.index(character) ^ 1]
        with pytest.raises(InvalidRefreshToken):
            TOKENS.read(token[:index] + other + token[index + 1 :])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "=" * 72,
        "not a token",
        TOKENS.token(SESSION, 7)[:-4],
        TOKENS.token(SESSION, 7) + "AAAA",
        TOKENS.token(SESSION, 7) + "=",
        TOKENS.token(SESSION, 7) + "\n",
        RefreshTokens("another secret, of somebody else altogether").token(SESSION, 7),
        "ü" * 72,
        "\ud800" * 72,
    ],
)
def test_what_we_did_not_write_is_refused(token: str) -> None:
    """Cut, prolonged, padded, signed by others, or something else: none is a refresh token."""
    with pytest.raises(InvalidRefreshToken):
        TOKENS.read(token)


@pytest.mark.parametrize("algorithm", FORGES)
def test_an_access_token_is_none(algorithm: str) -> None:
    """However it is signed, an access token is no refresh token (T2)."""
    with pytest.raises(InvalidRefreshToken):
        TOKENS.read(FORGES[algorithm].signed())
