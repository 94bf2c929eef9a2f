"""Sealing: what was sealed opens with the right key, for the right purpose, unchanged; and otherwise not at all."""

from __future__ import annotations

import pytest

from server.stores.sealing import CannotOpen, Sealer

SEALER = Sealer.from_secrets("the newest secret", "the one before")
PLAIN, CONTEXT = b"what nobody may read", b"row 1"


def test_what_was_sealed_opens() -> None:
    """A sealed text opens, shows nothing of itself, and is never sealed twice in the same way."""
    sealed = SEALER.seal(PLAIN, CONTEXT)
    assert SEALER.open(sealed, CONTEXT) == PLAIN
    assert PLAIN not in sealed
    assert SEALER.seal(PLAIN, CONTEXT) != sealed


def test_it_does_not_open_elsewhere() -> None:
    """What was sealed for one row does not open for another, nor with a key that did not seal it."""
    sealed = SEALER.seal(PLAIN, CONTEXT)
    for sealer, context in ((SEALER, b"row 2"), (Sealer.from_secrets("another secret"), CONTEXT)):
        with pytest.raises(CannotOpen):
            sealer.open(sealed, context)


def test_a_changed_text_does_not_open() -> None:
    """Any byte changed, and any byte cut off, is noticed."""
    sealed = SEALER.seal(PLAIN, CONTEXT)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        for wrong in (changed, sealed[:place]):
            with pytest.raises(CannotOpen):
                SEALER.open(wrong, CONTEXT)


def test_keys_are_rotated() -> None:
    """What the key before sealed opens while that key is given, and what is sealed now needs the new one."""
    earlier = Sealer.from_secrets("the one before", "")
    assert SEALER.open(earlier.seal(PLAIN, CONTEXT), CONTEXT) == PLAIN
    with pytest.raises(CannotOpen):
        earlier.open(SEALER.seal(PLAIN, CONTEXT), CONTEXT)


def test_what_an_earlier_key_sealed_is_renewed() -> None:
    """The same text under the newest key, once; what no key opens is not renewed."""
    old = Sealer.from_secrets("the one before").seal(PLAIN, CONTEXT)
    renewed = SEALER.renewed(old, CONTEXT)
    assert renewed is not None
    assert Sealer.from_secrets("the newest secret").open(renewed, CONTEXT) == PLAIN
    assert SEALER.renewed(renewed, CONTEXT) is None
    with pytest.raises(CannotOpen):
        SEALER.renewed(old, b"row 2")


def test_no_key_is_shown() -> None:
    """Its own text has no key in it."""
    assert "secret" not in repr(SEALER)
