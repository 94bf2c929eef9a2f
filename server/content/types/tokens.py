"""How far a check has come, as its caller carries it from part to part, and to the change that it was made for.

The tokens are those of lists: signed, of use to the same caller for the same change alone, for a day.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gazette.content.v1.content_type_service_pb2 import CheckContentTypeRequest, UpdateContentTypeRequest
from server.content import failures
from server.content.fields import etag
from server.content.types.changing import Checked
from server.content.types.checking import FIRST
from server.content.types.proposing import named
from server.rpc.lists.paging import InvalidPageToken, Paging

GOES_ON, DONE = "part", "done"


class Progress(NamedTuple):
    """A check that is under way."""

    checked: Checked
    last_id: uuid.UUID


@dataclass(frozen=True)
class CheckTokens:
    """Makes and reads them."""

    paging: Paging

    def token(self, request: CheckContentTypeRequest, caller_id: uuid.UUID, progress: Progress, *, is_done: bool) -> str:
        """What leads on, or, at the end, to the change."""
        checked = progress.checked
        position = [checked.version, checked.since.isoformat(), *checked[2:-1], checked.named, str(progress.last_id)]
        return self.paging.token(canonical(request), str(caller_id), DONE if is_done else GOES_ON, *position)

    def progress(self, request: CheckContentTypeRequest, caller_id: uuid.UUID) -> Progress | None:
        """Where the request goes on; None at the beginning. Raises InvalidPageToken."""
        return self.read(canonical(request), caller_id, GOES_ON)

    def checked(self, request: UpdateContentTypeRequest, version: int, caller_id: uuid.UUID) -> Checked:
        """What the check of this change came to, of this version of the content type. Raises InvalidPageToken, StaleEtag."""
        progress = self.read(named(request, request.check_token), caller_id, DONE)
        if progress is None or progress.checked.version != version:
            raise failures.StaleEtag(etag(progress.checked.version if progress else 0), etag(version))
        return progress.checked

    def read(self, request: CheckContentTypeRequest, caller_id: uuid.UUID, kind: str) -> Progress | None:
        position = self.paging.position(request, str(caller_id))
        if position is None:
            return None
        given, version, since, *counts, ids, last_id = position
        if given != kind:
            raise InvalidPageToken
        checked, total, invalid, already, unmovable = counts
        known = Checked(version, datetime.fromisoformat(since), checked, total, invalid, already, unmovable, ids)
        return Progress(known, uuid.UUID(last_id))


def canonical(request: CheckContentTypeRequest) -> CheckContentTypeRequest:
    """What is asked, without how it is asked."""
    if request.HasField("change"):
        return named(request.change, request.page_token)
    return CheckContentTypeRequest(name=request.name, page_token=request.page_token)


def beginning(version: int, total: int, since: datetime) -> Progress:
    return Progress(Checked(version, since, 0, total, 0, 0, 0, []), FIRST)
