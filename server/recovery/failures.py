"""What keeps a backup or a restoration from its end. Each message is one line for the operator."""

from __future__ import annotations


class RecoveryFailed(Exception):
    """The command ends with the exit code 1."""


class DatabaseUnreachable(RecoveryFailed):
    """Nothing is wrong with a backup. The exit code is 2."""


class Damaged(RecoveryFailed):
    """An object of a backup is not what was stored: cut, changed, exchanged, or sealed with another key."""
