"""Text with a byte order mark, in UTF-8 and UTF-16; and what is in no encoding that can be told."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from server.importer import encodings, ndjson, sources
from server.importer.failures import Refusal, Refused
from tests.importer.office import Office
from tests.importer.sources import item

TEXT = '{"title": "Llŷn – 灯台 🚢"}'
MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""Codec -> its byte order mark."""


def written(text: str, codec: str) -> bytes:
    return MARKED[codec] + text.encode(codec)


def units(path: Path) -> tuple[list[str], list[Refusal]]:
    """The sources of the documents that a file holds, and what of it was refused."""
    refusals: list[Refusal] = []
    with encodings.opened(path) as text:
        read = [unit.part.document.source for unit in ndjson.Reader(text, path.name, refusals).units()]
    return read, refusals


def lines(*names: str) -> list[str]:
    return [json.dumps({"document": {"source": name}}, ensure_ascii=False) for name in names]


@pytest.mark.parametrize("codec", MARKED)
def test_a_marked_file_is_read(codec: str, tmp_path: Path) -> None:
    """JSON and NDJSON: line endings of either kind, lines that are empty, and characters beyond the first plane."""
    file = tmp_path / "a.json"
    file.write_bytes(written(TEXT, codec))
    assert sources.read(file) == json.loads(TEXT)
    file.write_bytes(written("\r\n".join(["", *lines("Llŷn", "灯台 🚢"), "", " \t", ""]), codec))
    assert units(file) == (["Llŷn", "灯台 🚢"], [])
    file.write_bytes(written("\n".join(lines(*"ab")), codec))
    assert units(file) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "is UTF-32, by its byte order mark"),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "is UTF-32, by its byte order mark"),
        (TEXT.encode("utf-16-le"), "NUL, as in UTF-16 without a byte order mark"),
        (TEXT.encode("utf-16-be"), "NUL, as in UTF-16 without a byte order mark"),
        (b'{\n"title":\n "caf\xe9"}', "is not UTF-8: byte 16, in line 3, is e9 (invalid continuation byte)"),
        (codecs.BOM_UTF8 + b'{"title": "\xed\xa0\x80"}', "is not UTF-8: byte 14, in line 1, is ed (invalid continuation byte)"),
        (
            codecs.BOM_UTF16_LE + '{\n"a": "'.encode("utf-16-le") + b"\x00\xd8x\0",
            "is not UTF-16LE: byte 18, in line 2, is 00 d8",
        ),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")[:-1], "is not UTF-16BE: byte"),
        (codecs.BOM_UTF8 * 2 + TEXT.encode(), "begins with a byte order mark where none can be"),
        (b"", "is not JSON"),
        (codecs.BOM_UTF8, "is not JSON"),
    ],
)
def test_what_cannot_be_read_is_named(raw: bytes, told: str, tmp_path: Path) -> None:
    """The encoding, the byte, the line, and what is wrong with it."""
    file = tmp_path / "a.json"
    file.write_bytes(raw)
    with pytest.raises(Refused) as refused:
        sources.read(file)
    assert told in str(refused.value)


def test_lines_that_are_not_utf_8_are_refused_by_themselves(tmp_path: Path) -> None:
    """The lines around them are read; a byte order mark that does not begin the file begins nothing. Of UTF-16, where a line's
    end cannot be told any more, nothing is read."""
    file = tmp_path / "a.ndjson"
    first, second = (line.encode() for line in lines("first", "second"))
    file.write_bytes(codecs.BOM_UTF8 + b"\n".join([first, b'{"document": "\xff"}', codecs.BOM_UTF8 + second, second]))
    read, refusals = units(file)
    assert read == ["first", "second"]
    assert [each.source for each in refusals] == ["a.ndjson:2", "a.ndjson:3"]
    assert refusals[0].reason == "is not UTF-8: byte 14 of the line is ff (invalid start byte)"
    assert "begins with a byte order mark" in refusals[1].reason
    file.write_bytes(written(lines("first")[0], "utf-16-le") + b"\n")
    with pytest.raises(Refused, match=r"is not UTF-16LE: byte \d+, in line 1, is 0a \(truncated data\)"):
        units(file)


def test_a_mark_may_stand_where_a_long_file_is_cut(tmp_path: Path) -> None:
    """What is decoded piece by piece is decoded as a whole: a character may stand across two pieces."""
    names = ["🚢" * 60_000, "x", "🚢" * 300_000]
    file = tmp_path / "a.ndjson"
    for codec in ("utf-16-le", "utf-16-be"):
        file.write_bytes(written("\n" + "\n".join(lines(*names)), codec))
        assert units(file) == (names, [])


async def test_the_command_reads_what_other_systems_write(office: Office, tmp_path: Path) -> None:
    """GOV.UK's items and our NDJSON, with a mark and in UTF-16, and says which file it cannot read."""
    items = tmp_path / "items"
    items.mkdir()
    for number, codec in enumerate(MARKED):
        text = json.dumps(item(title="Llŷn", base_path=f"/tides-{number}", content_id=None), ensure_ascii=False)
        (items / f"{codec}.json").write_bytes(written(text, codec))
    (items / "latin.json").write_bytes(b'{"title": "caf\xe9"}')
    code, summary = await office.bring_in(items)
    assert (code, summary["created"]) == (1, 3)
    (refusal,) = summary["refused"]
    assert refusal == {
        "source": "latin.json",
        "reason": "is not UTF-8: byte 14, in line 1, is e9 (invalid continuation byte)",
    }
    file = tmp_path / "own.ndjson"
    assert (await office.run("export", file))[0] == 0
    text = file.read_text("utf-8")
    for number, codec in enumerate(MARKED):
        file.write_bytes(written(text, codec))
        code, output, _ = await office.run("import", file)
        told = "3 updated, 0 unchanged" if number == 0 else "0 updated, 3 unchanged"
        assert (code, told in output) == (0, True), output
    file.write_bytes(codecs.BOM_UTF32_LE)
    code, _, error = await office.run("import", file)
    assert (code, error) == (2, "Error: own.ndjson is UTF-32, by its byte order mark; save it as UTF-8\n")
