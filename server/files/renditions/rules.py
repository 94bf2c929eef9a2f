"""Decisions: which renditions there are, who may have them made, and what an answer says of one over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.files.downloads.served import Served
from server.files.renditions.failures import NoRenditions, RenditionNotListed
from server.files.renditions.specifications import Wanted
from server.formats import types

LABEL = b"gazette renditions"
SIGNATURE_BYTES = 16
DRAWN = frozenset({*types.IMAGES, types.PDF})
"""What renditions are made of: of a PDF it is the first page."""


@dataclass(frozen=True)
class Signing:
    """Makes and reads signatures under a key of their own, derived from the service's secret."""

    key: bytes
    previous: tuple[bytes, ...] = ()
    """The keys of other secrets, whose signatures hold too while one replaces the other."""

    @classmethod
    def from_secrets(cls, secret: str, *previous: str) -> Signing:
        """Empty ones of `previous` are none."""
        key, *others = (hmac.digest(each.encode(), LABEL, "sha256") for each in (secret, *filter(None, previous)))
        return cls(key, tuple(others))

    def signature(self, file_id: uuid.UUID | str, version: int, specification: str) -> str:
        return signed(self.key, file_id, version, specification)

    def holds(self, signature: str, file_id: uuid.UUID | str, version: int, specification: str) -> bool:
        given = signature.encode()
        return any(
            hmac.compare_digest(given, signed(key, file_id, version, specification).encode())
            for key in (self.key, *self.previous)
        )


def signed(key: bytes, file_id: uuid.UUID | str, version: int, specification: str) -> str:
    told = f"{file_id}/{version}/{specification}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, told, "sha256")[:SIGNATURE_BYTES]).rstrip(b"=").decode()


def is_listed(wanted: Wanted, widths: Sequence[int]) -> bool:
    return not wanted.height and wanted.width in widths


def check_drawn(file: Any) -> None:
    """Raises NoRenditions."""
    if file.content_type not in DRAWN:
        raise NoRenditions(f"The file is {file.content_type}: renditions are made of images, and of a PDF's first page.")


def check_allowed(
    wanted: Wanted, specification: str, signature: str, file: Any, widths: tuple[int, ...], signing: Signing
) -> None:
    """Raises RenditionNotListed."""
    if not is_listed(wanted, widths) and not signing.holds(signature, file.id, file.version, specification):
        raise RenditionNotListed(widths)


def key(blob_key: str, wanted: Wanted) -> str:
    """Where a rendition is in the storage."""
    return f"renditions/{hashlib.sha256(blob_key.encode()).hexdigest()}/{wanted.key}"


def served(file: Served, rendition: Any, wanted: Wanted) -> Served:
    """A rendition as what is served of the file in its place."""
    return file._replace(
        name=f"{file.name.rpartition('.')[0] or file.name}-{wanted.specification}",
        content_type=rendition.content_type,
        size_bytes=rendition.size_bytes,
        sha256=rendition.sha256,
        blob_key=rendition.key,
    )
