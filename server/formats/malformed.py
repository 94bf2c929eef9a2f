"""What is wrong with a file."""

from __future__ import annotations


class Malformed(Exception):
    """The file is not of its type, or not of its type alone. The message goes on with "The file …"."""
