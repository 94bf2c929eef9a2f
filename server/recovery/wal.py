"""The WAL archive: what PostgreSQL wrote, segment by segment, and of the segment that is being written what there is so far.

`pg_receivewal` receives into a folder, by a replication slot, so that the database keeps what was not received. From there each
segment that is whole goes to the vault at once, and the last one every few seconds, each time under a new name: nothing that is
in the vault is ever written again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.recovery.failures import RecoveryFailed
from server.recovery.vault import Vault, compressed, decompressed

WAL, PARTIAL = "wal", "wal-partial"
"""Below each: the system identifier of the cluster, so that two never meet, and the segment."""
SEGMENT = re.compile(r"[0-9a-f]{24}")
HISTORY = re.compile(r"[0-9a-f]{8}-history")
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENTS_IN_FILE = 0x1_0000_0000 // SEGMENT_BYTES
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """What there is from some segment on."""

    segments: list[str]
    """Whole ones and histories, by their names in the vault."""
    partial: str
    """The newest of the segment behind them; empty if there is none."""
    until: datetime | None
    """What was committed by then is there, if the last upload is that of a segment that is not whole."""


def following(segment: str) -> str:
    timeline, high, low = segment[:8], int(segment[8:16], 16), int(segment[16:], 16) + 1
    if low == SEGMENTS_IN_FILE:
        high, low = high + 1, 0
    return f"{timeline}{high:08x}{low:08x}"


async def archived(vault: Vault, system: str, first: str) -> Archive:
    """Raises RecoveryFailed for a gap: what is behind one cannot be used. What is not whole is listed first: an archiver that
    is at work brings it last."""
    partials = sorted(name.rpartition("/")[2] for name in await vault.names(f"{PARTIAL}/{system}"))
    names = [name.rpartition("/")[2] for name in await vault.names(f"{WAL}/{system}")]
    histories = [name for name in names if HISTORY.fullmatch(name)]
    whole = sorted(name for name in names if SEGMENT.fullmatch(name) and name[8:] >= first[8:])
    check_gaps(first, whole)
    last = whole[-1] if whole else ""
    candidates = [name for name in partials if name[8:24] > last[8:] and name[8:24] >= first[8:]]
    partial = candidates[-1] if candidates else ""
    if partial and whole and partial[8:24] != following(last)[8:]:
        raise RecoveryFailed(f"the WAL archive has a gap between {last} and {partial[:24]}: take a new backup")
    until = datetime.fromtimestamp(int(partial[25:]) / 1000, UTC) if partial else None
    return Archive([*histories, *whole], partial, until)


def check_gaps(first: str, whole: list[str]) -> None:
    positions = sorted({name[8:] for name in whole})
    expected = first[8:]
    for position in positions:
        if position != expected:
            raise RecoveryFailed(f"the WAL archive lacks segment {first[:8]}{expected}: no moment behind it can be restored")
        expected = following(f"{first[:8]}{position}")[8:]


async def push(vault: Vault, path: Path, name: str) -> None:
    await vault.store(name, compressed(pieces(path)))


async def fetch(vault: Vault, name: str, path: Path) -> None:
    with path.open("xb") as file:
        async for chunk in decompressed(name, vault.read(name)):
            file.write(chunk)


async def pieces(path: Path) -> AsyncGenerator[bytes, None]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


async def fetch_all(vault: Vault, system: str, first: str, folder: Path) -> Archive:
    """Puts what there is from a segment on into the folder, under the names by which PostgreSQL asks."""
    archive = await archived(vault, system, first)
    for name in archive.segments:
        plain = f"{name[:8].upper()}.history" if HISTORY.fullmatch(name) else name.upper()
        await fetch(vault, f"{WAL}/{system}/{name}", folder / plain)
    if archive.partial:
        await fetch(vault, f"{PARTIAL}/{system}/{archive.partial}", folder / archive.partial[:24].upper())
    return archive


async def older(vault: Vault, system: str, first: str) -> AsyncIterator[str]:
    """What no backup needs whose WAL begins at this segment, by name."""
    for prefix in (WAL, PARTIAL):
        for name in await vault.names(f"{prefix}/{system}"):
            segment = name.rpartition("/")[2][:24]
            if SEGMENT.fullmatch(segment) and segment[8:] < first[8:]:
                yield name
