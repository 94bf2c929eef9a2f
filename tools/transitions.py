"""Writes the diagram of docs/taking-down.md from the table of transitions. With `--check` it only compares."""

import sys
from pathlib import Path

from server.content.failures import live_state_name
from server.content.taking_down.rules import CHANGES

PAGE = Path(__file__).resolve().parent.parent / "docs/taking-down.md"
BEGIN, END = "```mermaid\n", "```\n"


def diagram() -> str:
    """In Mermaid's words: an arrow for each transition, by what the audit calls it."""
    lines = ["stateDiagram-v2", "    [*] --> PUBLISHED: publish"]
    for change in CHANGES:
        verb = change.action.removeprefix("document.")
        lines += [f"    {live_state_name(state)} --> {live_state_name(change.leads_to)}: {verb}" for state in change.needs]
    return "".join(f"{line}\n" for line in lines)


def page(text: str) -> str:
    """The page with the diagram as it is now."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + diagram() + END + rest.partition(END)[2]


def main() -> None:
    text = PAGE.read_text()
    if "--check" not in sys.argv:
        PAGE.write_text(page(text))
    elif page(text) != text:
        sys.exit("docs/taking-down.md is not as the table has it; run python -m tools.transitions")


if __name__ == "__main__":
    main()
