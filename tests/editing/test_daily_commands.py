"""`gazette documents`: a day's work at a command line, from an empty page to one that the public reads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from server.editing import texts
from tests.content.desk import Desk
from tests.editing.test_commands import desk, office
from tests.importer.office import Office

__all__ = ["desk"]

TEXT = """---
path: {path}
title: 'Tides: high and low'
summary: When to sail.
tags:
- tides
---
The water rises.

It falls.
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "text.md"
    file.write_text(text)
    return file


async def made(desk: Desk, at: Office, tmp_path: Path, path: str) -> str:
    """The id of a document that was created from a file."""
    file = written(tmp_path, TEXT.format(path=path))
    create = ("documents", "create", path, "--type", "guide", "--file", file)
    code, told, error = await at.run(*create, "--json", by=desk.author)
    assert code == 0, error
    return str(json.loads(told)["document"]["id"])


async def test_from_a_text_to_a_page(desk: Desk, tmp_path: Path) -> None:
    """A document is written from a file, submitted, approved and published, each by who may, named by its path. Each command
    tells in a line how it stands."""
    at, path = office(desk), f"{desk.root}/tides"
    id = await made(desk, at, tmp_path, path)
    code, told, _ = await at.run("documents", "submit", path, by=desk.author)
    assert (code, told) == (0, f"{path} (en) revision 1 is in review\n")
    code, told, _ = await at.run("documents", "recall", path, by=desk.author)
    assert (code, told) == (0, f"{path} (en) revision 1 is draft\n")
    assert (await at.run("documents", "submit", path, by=desk.author))[0] == 0
    code, _, error = await at.run("documents", "approve", path, by=desk.author)
    assert (code, error.startswith("Error: PERMISSION_DENIED: ")) == (1, True)
    code, told, _ = await at.run("documents", "approve", id, by=desk.editor)
    assert (code, told) == (0, f"{path} (en) revision 1 is approved\n")
    code, told, _ = await at.run("documents", "publish", path)
    assert (code, told.startswith(f"{path} (en) is a page; record entry ")) == (0, True)
    assert "The water rises." in (await desk.page(path)).page.html


async def test_editing(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown can be edited and given back, in an editor or from a file; a text that changes nothing is refused."""
    at, path = office(desk), f"{desk.root}/tides"
    await made(desk, at, tmp_path, path)
    code, shown, _ = await at.run("documents", "get", path, by=desk.author)
    assert (code, texts.read(shown).title) == (0, "Tides: high and low")
    code, _, error = await at.run("documents", "edit", path, "--file", written(tmp_path, shown), by=desk.author)
    assert (code, "nothing was changed" in error) == (1, True)
    monkeypatch.setenv("EDITOR", "sed -i s/rises/rose/")
    code, told, _ = await at.run("documents", "edit", path, by=desk.author)
    assert (code, told) == (0, f"{path} (en) revision 2 is draft\n")
    _, shown, _ = await at.run("documents", "get", path, by=desk.author)
    assert texts.read(shown).body == "The water rose.\n\nIt falls.\n"


async def test_what_others_saved_meanwhile_is_merged(desk: Desk, tmp_path: Path) -> None:
    """An older version that is edited is merged with what others have saved since; where both changed the same, nothing is
    saved, and the text is kept in a file that the refusal names."""
    at, path = office(desk), f"{desk.root}/tides"
    id = await made(desk, at, tmp_path, path)
    _, told, _ = await at.run("documents", "get", id, "--json", by=desk.author)
    etag, text = json.loads(told)["etag"], (await at.run("documents", "get", id, by=desk.author))[1]
    theirs = written(tmp_path, text.replace("falls", "ebbs"))
    assert (await at.run("documents", "edit", id, "--file", theirs, by=desk.editor))[0] == 0
    yours = written(tmp_path, text.replace("rises", "floods"))
    code, _, error = await at.run("documents", "edit", id, "--file", yours, "--etag", etag, by=desk.author)
    assert code == 0, error
    _, shown, _ = await at.run("documents", "get", id, by=desk.author)
    assert texts.read(shown).body == "The water floods.\n\nIt ebbs.\n"
    clash = written(tmp_path, text.replace("rises", "sinks"))
    code, _, error = await at.run("documents", "edit", id, "--file", clash, "--etag", etag, by=desk.author)
    assert (code, "MERGE_CONFLICT" in error) == (1, True)
    kept = Path(error.partition("Your text is in ")[2].partition(";")[0])
    assert await asyncio.to_thread(kept.read_text) == await asyncio.to_thread(clash.read_text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no fence", "line 1: "),
        ("---\ntitle: A\n", "there is no second line of ---"),
        ("---\ncolour: red\n---\n", "colour: is none of path, title"),
        ("---\ntitle: [A]\n---\n", "title: "),
        ("---\ntags: {\n---\n", "line 3: "),
        ("---\n- A\n---\n", "no `name: value`"),
    ],
)
async def test_texts_that_are_none(desk: Desk, tmp_path: Path, text: str, why: str) -> None:
    """A text that is no document is refused with where and why, and kept; nothing is saved."""
    at, path = office(desk), f"{desk.root}/tides"
    await made(desk, at, tmp_path, path)
    code, told, error = await at.run("documents", "edit", path, "--file", written(tmp_path, text), by=desk.author)
    assert (code, told, why in error) == (1, "", True), error
    _, history, _ = await at.run("documents", "history", path, by=desk.author)
    assert len(history.splitlines()) == 1


async def test_a_file_of_another_path(desk: Desk, tmp_path: Path) -> None:
    """A file that names no path is of that which the command names; one that names another is refused, and nothing is made."""
    at, path = office(desk), f"{desk.root}/tides"
    create = ("documents", "create", path, "--type", "guide", "--title", "Tides")
    other = written(tmp_path, TEXT.format(path=f"{desk.root}/elsewhere"))
    code, _, error = await at.run(*create, "--file", other, by=desk.author)
    assert (code, f"the file is of {desk.root}/elsewhere, not of {path}" in error) == (1, True)
    code, told, _ = await at.run(*create, "--file", written(tmp_path, "---\nsummary: A\n---\nB\n"), by=desk.author)
    assert (code, told) == (0, f"{path} (en) revision 1 is draft\n")


async def test_finding_and_comparing(desk: Desk, tmp_path: Path) -> None:
    """Documents are listed by what they have in common, in a pipe with tabs between the columns; revisions are listed and
    compared word by word; a check names what is in readers' way."""
    at, path = office(desk), f"{desk.root}/tides"
    id = await made(desk, at, tmp_path, path)
    code, told, _ = await at.run("documents", "list", "--below", desk.root, "--tag", "tides", "--draft", "draft")
    assert (code, [line.split("\t")[0::7] for line in told.splitlines()]) == (0, [[path, id]])
    code, told, _ = await at.run("documents", "list", "--below", desk.root, "--text", "nothing like it", "--json")
    assert (code, json.loads(told)) == (0, [])
    text = TEXT.format(path=path).replace("rises", "rose").replace("It falls.", "[Click here](/nowhere-at-all).")
    assert (await at.run("documents", "edit", path, "--file", written(tmp_path, text), by=desk.author))[0] == 0
    code, told, _ = await at.run("documents", "diff", path, "--from", "1", "--to", "2")
    assert (code, "The water [-rises-]{+rose+}." in told) == (0, True), told
    code, told, _ = await at.run("documents", "history", path)
    assert (code, [line.split("\t")[0] for line in told.splitlines()]) == (0, ["2", "1"])
    code, told, _ = await at.run("documents", "check", path)
    assert "document.body" in told
    code, _, error = await at.run("documents", "get", f"{desk.root}/elsewhere")
    assert (code, "there is no document at" in error) == (1, True)
    code, _, error = await at.run("documents", "get", "tides")
    assert (code, "is neither an id nor a path" in error) == (2, True)


async def test_giving_up(desk: Desk, tmp_path: Path) -> None:
    """A draft of a page is discarded, a document that was never public deleted; neither is confused with the other."""
    at, path = office(desk), f"{desk.root}/tides"
    await made(desk, at, tmp_path, path)
    code, _, error = await at.run("documents", "discard", path, by=desk.author)
    assert (code, "WRONG_LIVE_STATE" in error) == (1, True)
    code, told, _ = await at.run("documents", "delete", path, by=desk.editor)
    assert (code, f"{path} (en) is deleted; " in told) == (0, True)
    page = await desk.update(await desk.published(f"{desk.root}/a", title="A"), title="B")
    code, _, error = await at.run("documents", "delete", page.id, by=desk.editor)
    assert (code, "WAS_PUBLIC" in error) == (1, True)
    code, told, _ = await at.run("documents", "discard", page.id, by=desk.author)
    assert (code, told.endswith("is what the public sees\n")) == (0, True)
    assert (await desk.get(page)).title == "A"
