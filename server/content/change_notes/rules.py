"""Decisions about change notes: when one is needed, and which of them a page shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from gazette.delivery.v1.page_pb2 import ChangeNote
from server.content.change_notes.failures import ChangeNoteRequired, HistoryTooLong
from server.rpc.messages import EPOCH, message, moment

MOST = 100
"""How many notes a page shows."""
MOST_BYTES = 64 << 10
"""Of all the notes that a page shows, or an import brings in."""
COLUMNS = ("time", "note", "claimed")


class Note(NamedTuple):
    """What readers are told of one change."""

    time: datetime
    note: str
    claimed: bool = False
    """Whether it is the word of an import."""


class History(NamedTuple):
    """What readers were told of a document's changes so far."""

    notes: Sequence[Note] = ()
    """The newest, newest first."""
    total: int = 0
    """Of all notes."""

    def without_claimed(self) -> History:
        """As it is once another import has said what was elsewhere."""
        kept = [each for each in self.notes if not each.claimed]
        return History(kept, len(kept))

    def after(self, notes: Iterable[Note]) -> History:
        """The history once these have come to it."""
        added = [*notes]
        newest = sorted((*added, *self.notes), key=lambda each: each.time, reverse=True)
        return History(newest, self.total + len(added))


def check_note(live_state: int, note: str, *, is_minor: bool) -> None:
    """Raises ChangeNoteRequired for a major update of what was public before that says nothing."""
    if live_state and not is_minor and not note:
        raise ChangeNoteRequired


def read(stored: str | None) -> History:
    """As `queries.HISTORY` has it."""
    rows = json.loads(stored) if stored else []
    notes = [Note(EPOCH + timedelta(microseconds=time), note, claimed) for time, note, claimed, _ in rows]
    return History(notes, rows[0][-1] if rows else 0)


def claimed(said: Iterable[ChangeNote]) -> list[Note]:
    """What an import says. Raises HistoryTooLong."""
    notes = [Note(moment(each.time), each.note, claimed=True) for each in said]
    if (size := sum(map(size_of, notes))) > MOST_BYTES:
        raise HistoryTooLong(size, MOST_BYTES)
    return notes


def shown(history: History) -> tuple[list[ChangeNote], int]:
    """What a page says of it: the newest notes, and how many older ones there are."""
    notes: list[ChangeNote] = []
    left = MOST_BYTES
    for each in history.notes[:MOST]:
        left -= size_of(each)
        if left < 0:
            break
        notes.append(message(ChangeNote, each))
    return notes, history.total - len(notes)


def size_of(note: Note) -> int:
    """Bytes of it on a page, or a few more."""
    return len(note.note.encode()) + 32
