"""Which upload of a path was begun and has not ended: a note of the user, for the same command to go on with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import click

FOLDER = "uploads"


@dataclass(frozen=True)
class Note:
    """Where one upload's id is kept. What is sent elsewhere, for somebody else, or has changed meanwhile, has another one."""

    path: Path

    @classmethod
    def of(cls, source: Path, *aims: str) -> Note:
        found = source.stat()
        parts = (str(source.resolve()), str(found.st_size), str(found.st_mtime_ns), *aims)
        name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return cls(Path(click.get_app_dir("gazette")) / FOLDER / name)

    def read(self) -> str:
        """The upload's id; empty if none was begun."""
        try:
            return self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, upload_id: str) -> None:
        """An upload goes on without a note, if none can be made."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.write_text(upload_id, encoding="ascii")
        except OSError as error:
            click.echo(f"cannot note the upload, so that another call could go on with it: {error}", err=True)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
