"""Diagrams and tables of docs/workflow.md and docs/taking-down.md, from `server/content/transitions.py`.

What stands between the marks of a part is written; all other words of a page stay. Run by tools/generate.py in a process of its
own, which imports the package that was just generated: it prints the page that the last argument names.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from gazette.access.v1.access_pb2 import Permission
from server.content.failures import live_state_name, state_name
from server.content.transitions import ANY, CHANGES, NOTHING, VERBS, Step, Verb, When

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW, TAKING_DOWN = Path("docs/workflow.md"), Path("docs/taking-down.md")
BEGIN, END = "<!-- {}: written by make proto -->\n", "<!-- end -->\n"


def draft_diagram() -> Iterator[str]:
    """In Mermaid's words: an arrow from each state to each other one, with the verbs that lead there."""
    arrows: dict[tuple[int, int], list[str]] = {}
    for verb in VERBS:
        for step in verb.steps:
            if step.leads_to is not None:
                for state in step.needs:
                    arrows.setdefault((state, step.leads_to), []).append(verb.name)
    yield from ("```mermaid", "stateDiagram-v2")
    yield from (f"    {place(one)} --> {place(other)}: {', '.join(names)}" for (one, other), names in arrows.items())
    yield "```"


def place(state: int) -> str:
    return state_name(state) if state else "[*]"


def live_diagram() -> Iterator[str]:
    """The same of what the public sees."""
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> PUBLISHED: publish")
    for verb in CHANGES:
        assert verb.live is not None, "a change makes it something"
        yield from (f"    {live_state_name(state)} --> {live_state_name(verb.live)}: {verb.name}" for state in verb.live_needs)
    yield "```"


def table() -> Iterator[str]:
    """A row for each way that a verb takes."""
    yield line("verb", "by", "permission", "draft", "becomes", "what is public", "becomes", "refused, too, for", "audit")
    yield "|" + "---|" * 9
    for verb in VERBS:
        for at, step in enumerate(verb.steps):
            yield line(*(cells(verb, step) if at == 0 else ["", "", "", *cells(verb, step)[3:5], "", "", "", ""]))


def cells(verb: Verb, step: Step) -> list[str]:
    name = Permission.Name(verb.permission).removeprefix("PERMISSION_")
    needs = "any, or none" if step.needs == ANY else ", ".join(code(state_of(each)) for each in step.needs)
    if step.when is not When.ALWAYS:
        needs += f", if {step.when.value}"
    leads_to = "as it was" if step.leads_to is None else code(state_of(step.leads_to))
    live_needs = ", ".join(code(live_state_name(each)) if each else "nothing" for each in verb.live_needs) or "anything"
    live = "as it was" if verb.live is None else code(live_state_name(verb.live))
    reasons = ", ".join(map(code, verb.preconditions)) or "–"
    by = code(verb.method) if verb.method else "itself, when it is due"
    return [verb.name, by, code(name), needs, leads_to, live_needs, live, reasons, code(verb.action)]


def state_of(state: int) -> str:
    return "none" if state == NOTHING else state_name(state)


def code(text: str) -> str:
    return text if text == "none" else f"`{text}`"


def line(*columns: str) -> str:
    return f"| {' | '.join(columns)} |"


PARTS: dict[Path, dict[str, Callable[[], Iterator[str]]]] = {
    WORKFLOW: {"diagram": draft_diagram, "table": table},
    TAKING_DOWN: {"diagram": live_diagram},
}


def page(path: Path) -> str:
    """The page as it is to be."""
    text = (ROOT / path).read_text()
    for name, lines in PARTS[path].items():
        begin = BEGIN.format(name)
        before, mark, rest = text.partition(begin)
        assert mark, f"{path} has no place for its {name}"
        text = before + begin + "".join(f"{each}\n" for each in lines()) + END + rest.partition(END)[2]
    return text


def main() -> None:
    sys.stdout.write(page(Path(sys.argv[-1])))


if __name__ == "__main__":
    main()
