"""More than a thousand malformed files: whatever comes, a parser says yes or no, within its bounds."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

from server.background.processes import Processes, TooCostly
from server.formats import parsing, pdf_page
from server.formats.malformed import Malformed
from server.formats.parsing import SECONDS
from server.formats.types import PDF
from tests.formats.samples import SOUND
from tests.soak import rounds


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
            case 2:
                del changed[at : at + chance.randrange(64)]
            case 3:
                changed[at:at] = changed[at : at + chance.randrange(64)]
            case _:
                del changed[max(at, 1) :]
    return bytes(changed) or b"\0"


def parse_all(folder: str, content_type: str, content: bytes, seed: int, count: int) -> Counter[str]:
    """What became of so many such files. Whatever else is raised fails the test. PDFs are drawn, too, sound or not."""
    chance, outcomes = random.Random(seed), Counter[str]()
    path = Path(folder) / f"file-{seed}"
    for _ in range(count):
        path.write_bytes(damaged(content, chance))
        if content_type == PDF:
            with suppress(Malformed, MemoryError):
                pdf_page.render(str(path), 160)
        try:
            parsing.parse(str(path), content_type)
            outcomes["sound"] += 1
        except Malformed:
            outcomes["malformed"] += 1
        except MemoryError:  # the bound, which ends the process where it is nobody's to catch
            outcomes["too large"] += 1
    return outcomes


@rounds(12, 300)
async def test_nothing_crashes(tmp_path: Path, rounds: int) -> None:
    """(F3)"""
    processes = Processes(niceness=0, memory=parsing.MEMORY, imports=(*parsing.PARSERS, "server.formats.pdf_page"))
    outcomes = Counter[str]()

    async def parse(seed: int, content_type: str, content: bytes) -> None:
        try:
            outcomes.update(
                await processes.run(parse_all, str(tmp_path), content_type, content, seed, rounds, seconds=SECONDS * rounds)
            )
        except TooCostly:
            raise AssertionError(f"{content_type}, sample {seed}, ended its process") from None

    try:
        async with asyncio.TaskGroup() as tasks:
            for seed, (content_type, _, content) in enumerate(SOUND):
                tasks.create_task(parse(seed, content_type, content))
    finally:
        await processes.close()
    assert outcomes["malformed"] > outcomes["sound"] > 0
    assert outcomes.total() == rounds * len(SOUND)
