"""The record: the append-only log of every change of what the public sees.

- **entry**: one change at one path in one locale. Entries are numbered from 1 without gaps, in the order of commit: whoever has
  seen number `n` has seen all up to `n`.
- **place**: an entry's number and time.
- **body**: the part of an entry that is hashed. Its bytes are stored as they were hashed.
- **leaf hash**: SHA-256 of a zero byte and the body (RFC 9162 section 2.1), the leaf of a Merkle tree over the record.
- **answer**: what the path serves since the entry. The body holds its SHA-256.
- **restored**: made by another installation, and put here as it was hashed, on a record that held nothing else.

Pages are derived from the record, never the other way round. The server's database role can only INSERT and SELECT here.
"""

from server.record.failures import InstallationInUse, RecordDiffers, RecordGap, RecordNotReached
from server.record.history import is_overtaken, last_shown, vanished_behind
from server.record.log import CHANNEL, NEWEST, NEXT, Place, appends, entry, locked, parameters
from server.record.minimum import minimum
from server.record.queries import changes_after, head
from server.record.restoring import bodies, body, check_unused, locale_of, number_of, read_body, restore, tell
from server.record.rules import read_notice

__all__ = [
    "CHANNEL",
    "NEWEST",
    "NEXT",
    "InstallationInUse",
    "Place",
    "RecordDiffers",
    "RecordGap",
    "RecordNotReached",
    "appends",
    "bodies",
    "body",
    "changes_after",
    "check_unused",
    "entry",
    "head",
    "is_overtaken",
    "last_shown",
    "locale_of",
    "locked",
    "minimum",
    "number_of",
    "parameters",
    "read_body",
    "read_notice",
    "restore",
    "tell",
    "vanished_behind",
]
