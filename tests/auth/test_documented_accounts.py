"""What docs/accounts.md shows of `gazette accounts` and `gazette sessions` is what they print."""

from __future__ import annotations

import re
import shlex

from tests.command_line import run, terminal
from tests.service import Service
from tests.test_docs import ROOT

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TYPED = re.compile(r" to go on: (.+)")


def shown() -> list[tuple[str, str]]:
    """Each command of the page's console, and what it is shown to print."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "docs" / "accounts.md").read_text(), re.DOTALL)
    commands = [each.partition("\n") for block in blocks for each in re.split(r"^\$ ", block, flags=re.MULTILINE) if each]
    return [(command, printed) for command, _, printed in commands]


async def test_the_page_shows_what_is_printed(own_service: Service) -> None:
    """Command after command, to the letter, but for ids; what stands behind a question is typed."""
    await own_service.organisation("transport")
    await own_service.account("admin@example.gov")
    commands = shown()
    assert {"grant", "revoke", "disable", "erase"} <= {words.split()[2] for words, _ in commands}

    for command, printed in commands:
        with terminal():
            done = await run(own_service, *shlex.split(command)[1:], given="\n".join(TYPED.findall(printed)))

        assert (done.exit_code, UUID.sub("ID", done.output)) == (0, UUID.sub("ID", printed)), command
