"""Waiting until a file is examined."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import grpc

from gazette.files.v1.file_pb2 import File, FileState
from gazette.files.v1.file_service_pb2 import GetFileRequest
from gazette_client.conversation import Deadline, Wait
from gazette_client.errors import failure
from gazette_client.files.uploads import Call, taken

FIRST, LONGEST = 0.1, 2.0
"""Seconds between two questions; doubled until they are the longest."""
UNDER_WAY = {FileState.FILE_STATE_PENDING, FileState.FILE_STATE_SCANNING}


def until_ready(file_id: str, timeout: float) -> Generator[Call | Wait, Any, File]:
    """The file, once it and what replaces it have been examined. Raises DeadlineExceeded `FILE_NOT_READY`, and InvalidArgument
    with the reason of what was refused."""
    deadline, pause = Deadline(timeout), FIRST
    while True:
        file: File = (yield Call("GetFile", GetFileRequest(id=file_id), deadline.remaining())).file
        if not {file.state, file.replacement.state} & UNDER_WAY:
            return taken(file)
        if not deadline.allows(pause):
            message = f"File {file_id} is still being examined."
            raise failure(grpc.StatusCode.DEADLINE_EXCEEDED, "FILE_NOT_READY", message)
        yield Wait(pause)
        pause = min(LONGEST, 2 * pause)
