"""Decisions: which renditions there are, who may have them made, and what an answer says of one over HTTP."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.files.downloads.served import Served
from server.files.renditions.failures import NoRenditions, RenditionNotListed
from server.files.renditions.specifications import Wanted
from server.formats import types
from server.rpc.signing import Keys

LABEL = b"gazette renditions"
SIGNATURE_BYTES = 18
"""Which is 24 characters of base64, with no bit to spare."""
DRAWN = frozenset({*types.IMAGES, types.PDF})
"""What renditions are made of: of a PDF it is the first page."""


@dataclass(frozen=True)
class Signing:
    """Makes and reads signatures."""

    keys: Keys

    @classmethod
    def from_secrets(cls, *secrets: str) -> Signing:
        """As `Keys.derived` takes them."""
        return cls(Keys.derived(LABEL, *secrets))

    def signature(self, file_id: uuid.UUID | str, version: int, specification: str) -> str:
        return base64.urlsafe_b64encode(self.keys.signature(said(file_id, version, specification), SIGNATURE_BYTES)).decode()

    def holds(self, signature: str, file_id: uuid.UUID | str, version: int, specification: str) -> bool:
        try:
            given = base64.b64decode(signature, altchars=b"-_", validate=True)
        except ValueError:
            return False
        return self.keys.hold(given, said(file_id, version, specification), SIGNATURE_BYTES)


def said(file_id: uuid.UUID | str, version: int, specification: str) -> bytes:
    """What is signed."""
    return f"{file_id}/{version}/{specification}".encode()


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
