"""The commands that a page shows, with what it says they print: run in one shell, compared but for what is never the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BOUNDARY = "-- the next command --"

CHANGING = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": "<id>",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z": "<time>",
    r"#token=[\w-]+": "#token=<token>",
    r'"[\w+/-]{40,}=?"': '"<bytes>"',
    r"[0-9a-f]{32,}": "<bytes>",
    r"127\.0\.0\.1:\d+": "<address>",
    r"\b[a-z0-9]{4}(-[a-z0-9]{4}){3}\b": "<code>",
    r"curl/[\d.]+": "curl",
    r'"(number|recordNumber|lastNumber)":\s*"\d+"': r'"\1":"<number>"',
    r'W/"\d+"': "<etag>",
    r"\d+\.\d s, \d+ documents/s": "<time>",
}
"""What differs from one run to the next, and what stands for it."""


@dataclass(frozen=True)
class Shown:
    """A command, and what the page says it prints."""

    command: str
    printed: str

    def is_answered_by(self, text: str) -> bool:
        """Whether a command printed that: line breaks aside, and but for what `…` stands for."""
        parts = [re.escape(alike(part)) for part in self.printed.split("…")]
        return re.fullmatch(".*".join(parts), alike(text), re.DOTALL) is not None


def alike(text: str) -> str:
    for pattern, name in CHANGING.items():
        text = re.sub(pattern, name, text)
    return re.sub(r"\s+", "", text)


def shown(page: Path) -> Iterator[Shown]:
    """Each command of the page's blocks, in order. A command goes on until the shell takes it for whole."""
    for block in BLOCK.findall(page.read_text()):
        command, printed = "", ""
        for line in block.splitlines(keepends=True):
            if command and not is_whole(command):
                command += line
            elif line.startswith("$ "):
                if command:
                    yield Shown(command, printed)
                command, printed = line.removeprefix("$ "), ""
            else:
                printed += line
        if command:
            yield Shown(command, printed)


def is_whole(command: str) -> bool:
    if command.endswith("\\\n"):
        return False
    return subprocess.run(["bash", "-n"], input=command, text=True, capture_output=True, check=False).returncode == 0


def run(commands: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """What each printed, in one shell."""
    script = "".join(f"{command}\necho '{BOUNDARY}'\n" for command in commands)
    done = subprocess.run(
        ["bash"],
        input=script,
        text=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    return done.stdout.split(f"{BOUNDARY}\n")[:-1]
