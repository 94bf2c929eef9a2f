"""Files are scanned by clamd itself: what `tests/files/test_scanning.py` asks of one of a few lines (F4)."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from gazette.files.v1.file_pb2 import FileState
from server.formats.types import PARSED
from tests.deploy.clamav import clamd
from tests.files.scanner import EICAR, SIGNATURE
from tests.files.test_scanning import go_on, somebody
from tests.files.uploading import PNG, assert_no_strays, assert_only_rejected, blobs, rows, send, upload_of
from tests.formats.samples import office
from tests.refusals import refused
from tests.servers import Servers
from tests.service import running

pytestmark = [pytest.mark.deploy, pytest.mark.heavy]
SMALL = 1 << 20


async def test_a_real_scanner(servers: Servers, template: str, tmp_path: Path) -> None:
    """EICAR as it is and in an archive is rejected by name, and nothing of it is left; what is sound is taken."""
    changed = {"ALLOWED_FILE_TYPES": ",".join(sorted(PARSED)), "BACKGROUND_JOBS": "false"}
    async with clamd(tmp_path / "clamd") as url, running(servers, template, tmp_path, CLAMAV_URL=url, **changed) as service:
        organisation_id, author = await somebody(service)
        for name, content in (("virus.txt", EICAR), ("virus.docx", office(("word/media/a.bin", EICAR)))):
            refusal = await refused(send(service, author, upload_of(organisation_id, content, name), content))
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_INFECTED")
            assert SIGNATURE in refusal.fields["chunk"]
        await assert_only_rejected(service)
        file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
        assert file.state == FileState.FILE_STATE_READY
        await assert_no_strays(service)


async def test_what_is_too_long_for_it(servers: Servers, template: str, tmp_path: Path) -> None:
    """clamd closes the connection; the file waits until it takes as much."""
    changed = {"ALLOWED_FILE_TYPES": "text/plain", "BACKGROUND_JOBS": "false"}
    content = b"harbour\n" * (SMALL // 4)
    async with (
        clamd(tmp_path / "small", StreamMaxLength="1M") as url,
        running(servers, template, tmp_path, CLAMAV_URL=url, **changed) as service,
    ):
        organisation_id, author = await somebody(service)
        file = (await send(service, author, upload_of(organisation_id, content, "a.txt"), content)).file
        assert file.state == FileState.FILE_STATE_PENDING
        await go_on(service)
        assert [row.state for row in await rows(service)] == [FileState.FILE_STATE_PENDING]
        assert [path.parent.name for path in blobs(service)] == ["quarantine"]
