"""argon2id: plain functions, for the processes in which they are computed (`hashing.py`)."""

from __future__ import annotations

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

PARAMETERS = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""

HASHER = PasswordHasher.from_parameters(PARAMETERS)


def hashed(password: str) -> str:
    """A hash of the password, with a salt of its own."""
    return HASHER.hash(password)


def is_right(password_hash: str, password: str) -> bool:
    """Whether the hash is the password's."""
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
