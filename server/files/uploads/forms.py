"""A form (multipart/form-data, RFC 7578): what a browser makes of a file and the fields beside it, read as it comes.

The fields come first, then the one file: who may upload it, and whether it may be called so, is decided before its bytes are
stored. The library finds the parts; which of them there may be, and that all of them came, is seen to here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from server.files.failures import InvalidForm, SizeMismatch
from server.files.uploads.rules import FORM_FIELDS
from server.rpc.failures import Violation

MEDIA_TYPE = "multipart/form-data"
FIELDS = {
    "organisationId": "organisation_id",
    "name": "name",
    "alternativeText": "alternative_text",
    "sha256": "sha256",
}
"""What a form may say beside its file, and what the contract calls it."""
MOST_DELIMITERS = len(FIELDS) + 3
"""A few more than a form has that is taken, so that what is wrong with another is told by name. What looks like one inside a
file is the costliest that there is to parse."""
STEP_BYTES = 64 * 1024
"""What is parsed at once, before others have their turn."""
AS_THEY_ARE = {"", "binary", "8bit", "7bit"}


class Form:
    """A form's body, to be gone through once: `begin`, then `file`. Both raise InvalidForm, and SizeMismatch for a body that is
    not as long as it says."""

    def __init__(self, content_type: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        self.length = length
        self.fields: dict[str, str] = {}
        """By the contract's names, once the form has begun; those that say something."""
        self.file_name = ""
        self.delimiter, self.parser = self.parsing(content_type)
        self.delimiters = self.came = self.size = 0
        self.headers: dict[bytes, bytes] = {}
        self.header, self.value, self.field = bytearray(), bytearray(), ""
        self.pieces: list[bytes] | None = None
        """Of the file, as far as they came and were not asked for; None before it begins."""
        self.is_whole = False
        self.rest = self.parsed(chunks)

    def parsing(self, content_type: str) -> tuple[bytes, MultipartParser]:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise invalid("content-type", "names no boundary; let the browser or the library set it")
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self.begin_part,
                    "on_header_field": lambda data, start, end: self.header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self.value.extend(data[start:end]),
                    "on_header_end": self.end_header,
                    "on_headers_finished": self.begin_value,
                    "on_part_data": self.add,
                    "on_part_end": self.end_part,
                    "on_end": self.end,
                },
            )
        except FormParserError as error:
            raise invalid("content-type", str(error)) from None
        return b"\r\n--" + boundary, parser

    async def begin(self) -> None:
        """Reads up to the file's first byte: all fields are known then."""
        async for _ in self.rest:
            if self.pieces is not None:
                return
        self.check_whole()
        raise invalid(FORM_FIELDS.content, "is missing; one part must be a file, which has a filename")

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes. When they end, the form has ended as it should."""
        for piece in self.taken():
            yield piece
        async for _ in self.rest:
            for piece in self.taken():
                yield piece
        self.check_whole()
        if not self.size:
            raise invalid(FORM_FIELDS.content, "is empty")

    def taken(self) -> list[bytes]:
        pieces, self.pieces = self.pieces or [], []
        return pieces

    def check_whole(self) -> None:
        if self.came != self.length:
            raise SizeMismatch(Violation(FORM_FIELDS.size, f"says {self.length} bytes, and {self.came} came"))
        if not self.is_whole:
            raise invalid(FORM_FIELDS.content, "ends before its last boundary")

    async def parsed(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[None]:
        async for chunk in chunks:
            for start in range(0, len(chunk), STEP_BYTES):
                self.parse(chunk[start : start + STEP_BYTES])
                yield
                await asyncio.sleep(0)

    def parse(self, data: bytes) -> None:
        self.came += len(data)
        self.delimiters += data.count(self.delimiter)
        if self.delimiters > MOST_DELIMITERS:
            raise invalid(FORM_FIELDS.content, f"has more than {MOST_DELIMITERS} parts")
        try:
            self.parser.write(data)
        except FormParserError as error:
            raise invalid(FORM_FIELDS.content, f"is no form: {error}") from None
        if self.came - self.size > FORM_FIELDS.beside:
            raise invalid(FORM_FIELDS.content, f"has more than {FORM_FIELDS.beside} bytes beside its file")

    def begin_part(self) -> None:
        self.headers = {}

    def end_header(self) -> None:
        self.headers[bytes(self.header).lower()] = bytes(self.value)
        self.header.clear()
        self.value.clear()

    def begin_value(self) -> None:
        kind, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise invalid(FORM_FIELDS.content, "has a part without `Content-Disposition: form-data; name=…`")
        self.field = decoded(options[b"name"], FORM_FIELDS.content)
        encoding = decoded(self.headers.get(b"content-transfer-encoding", b""), self.field).strip().lower()
        if encoding not in AS_THEY_ARE:
            raise invalid(self.field, f"comes as {encoding}; send its bytes as they are")
        is_file = b"filename" in options
        if self.pieces is not None:
            raise invalid(
                self.field, "is a second file; send one at a time" if is_file else "comes behind the file; send it before"
            )
        if is_file and self.field not in FIELDS:
            self.file_name = decoded(options[b"filename"], FORM_FIELDS.name)
            self.pieces = []
        elif self.field not in FIELDS:
            raise invalid(self.field, f"is no field of this form, and no file; there are {', '.join(FIELDS)}")
        elif is_file:
            raise invalid(self.field, "is a file; send it as text, and the file under another name, such as file")
        elif FIELDS[self.field] in self.fields:
            raise invalid(self.field, "comes twice")

    def add(self, data: bytes, start: int, end: int) -> None:
        if self.pieces is None:
            self.value.extend(data[start:end])
        else:
            self.pieces.append(data[start:end])
            self.size += end - start

    def end_part(self) -> None:
        if self.pieces is None:
            if text := decoded(bytes(self.value), self.field):
                self.fields[FIELDS[self.field]] = text
            self.value.clear()

    def end(self) -> None:
        self.is_whole = True


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def decoded(text: bytes, field: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise invalid(field, "is no UTF-8") from None


def invalid(field: str, why: str) -> InvalidForm:
    return InvalidForm(Violation(field, why))
