"""How an import is shown: a bar on a terminal and lines elsewhere, then the summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from server.importer import importing
from server.importer.summary import Summary


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[importing.Progress | None]:
    """What is to be told how far the import is. It all goes to standard error."""
    console = Console(stderr=True)
    if quiet:
        yield None
    elif console.is_terminal:
        columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("importing", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield lambda done, total: click.echo(f"{done} of {total} sent" if total else f"{done} sent", err=True)


def text(summary: Summary) -> str:
    """For people; refusals first, since they may be many and the figures must be seen."""
    lines = [f"refused {refusal.source}: {refusal.reason}" for refusal in summary.refusals]
    lines += [f"note: {note}" for note in summary.notes]
    lines += [f"notice: {notice}" for notice in summary.notices]
    if summary.is_interrupted or summary.trouble:
        lines.append(f"{summary.trouble or 'Interrupted'}. What was imported stays; the same command goes on from here.")
    lines.append(f"{counted(summary.files, 'file')} read, {len(summary.refusals)} refused")
    lines.append(
        f"documents: {summary.created} created, {summary.updated} updated, {summary.unchanged} unchanged; "
        f"content types: {summary.content_types} created"
    )
    more = {"files stored": summary.stored_files, "former paths": summary.redirects, "organisations": summary.organisations}
    more["entries of the record"] = summary.record_entries
    if any(more.values()):
        lines.append("; ".join(f"{name}: {count}" for name, count in more.items() if count))
    lines.append(f"{summary.seconds:.1f} s, {summary.documents_per_second:.0f} documents/s")
    return "\n".join(lines)


def rehearsed_text(summary: Summary) -> str:
    """The same of what was only read."""
    lines = [f"refused {refusal.source}: {refusal.reason}" for refusal in summary.refusals]
    lines += [f"note: {note}" for note in summary.notes]
    lines.append(f"{counted(summary.files, 'file')} read, {len(summary.refusals)} refused; nothing was sent")
    told = {"document": summary.created, "content type": summary.content_types, "file": summary.stored_files}
    lines.append(", ".join(counted(count, noun) for noun, count in told.items()))
    return "\n".join(lines)


def as_json(summary: Summary) -> str:
    """For programs."""
    return json.dumps(
        {
            "files": summary.files,
            "created": summary.created,
            "updated": summary.updated,
            "unchanged": summary.unchanged,
            "contentTypes": summary.content_types,
            "storedFiles": summary.stored_files,
            "redirects": summary.redirects,
            "organisations": summary.organisations,
            "recordEntries": summary.record_entries,
            "refused": [refusal._asdict() for refusal in summary.refusals],
            "notes": summary.notes,
            "notices": summary.notices,
            "seconds": round(summary.seconds, 3),
            "documentsPerSecond": round(summary.documents_per_second, 1),
            "interrupted": summary.is_interrupted,
            "trouble": summary.trouble,
        },
        ensure_ascii=False,
    )


def exported(counts: Counter[str], seconds: float) -> dict[str, float]:
    """What an export holds, for programs."""
    return {
        "documents": counts["document"],
        "redirects": counts["redirect"],
        "files": counts["file"],
        "fileBytes": counts["bytes"],
        "contentTypes": counts["content_type"],
        "organisations": counts["organisation"],
        "recordEntries": counts["record_entry"],
        "seconds": round(seconds, 3),
    }


def exported_text(report: dict[str, float]) -> str:
    """The same for people."""
    nouns = {"documents": "document", "redirects": "former path", "files": "file", "organisations": "organisation"}
    told = [counted(int(report[name]), noun) for name, noun in nouns.items() if report[name] or name == "documents"]
    return f"{', '.join(told)} exported"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
