"""Files that come: what a download writes, and how it goes on after a break."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Generator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc

from gazette.files.v1.file_pb2 import File, FileVersion
from gazette_client.conversation import Wait
from gazette_client.errors import GazetteError, failure
from gazette_client.retries import Retry

READ_BYTES = 1024 * 1024
"""Of what an earlier download has left, at a time."""


class Incoming:
    """A file that is being downloaded: written beside its destination, and moved there once it is whole."""

    def __init__(self, file: File, to: str | PathLike[str], *, keeps: bool = False) -> None:
        """One that `keeps` leaves what has come when it fails, under a name that the next one for the same bytes finds."""
        self.expected = file
        self.to = Path(to)
        self.keeps = keeps
        own = f"{self.to.name}.{file.sha256[:16]}" if keeps else secrets.token_hex(8)
        self.part = self.to.with_name(f".{own}.part")
        self.sha256 = hashlib.sha256()
        self.done = 0

    def __enter__(self) -> Self:
        if self.keeps and self.part.exists():
            self.take_up()
        self.out = self.part.open("ab" if self.keeps else "xb")
        return self

    def take_up(self) -> None:
        """Counts what an earlier download has left as come."""
        with self.part.open("rb") as left:
            while chunk := left.read(READ_BYTES):
                self.sha256.update(chunk)
                self.done += len(chunk)
        if self.done > self.expected.size_bytes:
            self.part.unlink()
            self.sha256, self.done = hashlib.sha256(), 0

    def write(self, chunk: bytes) -> None:
        self.out.write(chunk)
        self.sha256.update(chunk)
        self.done += len(chunk)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        is_kept = self.keeps and kind is not None
        try:
            self.out.close()
            if kind is None:
                self.verify()
                self.part.replace(self.to)
        finally:
            if not is_kept:
                self.part.unlink(missing_ok=True)

    def verify(self) -> None:
        if (self.done, self.sha256.hexdigest()) != (self.expected.size_bytes, self.expected.sha256):
            raise failure(
                grpc.StatusCode.DATA_LOSS, "SHA256_MISMATCH", f"File {self.expected.id} did not arrive as it is stored."
            )


def downloading(
    file: File, to: str | PathLike[str], retry: Retry, *, keeps: bool = False
) -> Generator[Incoming | Wait, None, None]:
    """Yields what is to be filled from DownloadFile, from where it is `done`, and again after a break on the way. (Until its
    first chunk the call repeats itself.)"""
    attempt = 0
    with Incoming(file, to, keeps=keeps) as incoming:
        while not file.size_bytes or incoming.done < file.size_bytes:
            attempt += 1
            before = incoming.done
            try:
                yield incoming
            except GazetteError as error:
                pause = retry.pause(error, attempt) if incoming.done > before else None
                if pause is None:
                    raise
            else:
                return
            yield Wait(pause)


def as_it_was(file: File, version: FileVersion) -> File:
    """A file as it was in another version."""
    former = File()
    former.CopyFrom(file)
    former.ClearField("uploaded_sha256")
    for name in ("version", "name", "content_type", "size_bytes", "sha256"):
        setattr(former, name, getattr(version, name))
    return former


def no_version(file_id: str, number: int) -> GazetteError:
    return failure(grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND", f"File {file_id} has no version {number}.")
