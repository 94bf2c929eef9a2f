"""The README's examples, run as a reader would run them."""

from __future__ import annotations

import asyncio
import re
import struct
import sys
import zlib
from pathlib import Path

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CreateContentTypeRequest
from gazette_client import AsyncClient
from tests.content.desk import Desk
from tests.service import Service

README = Path(__file__).resolve().parents[2] / "clients/python/README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def picture() -> bytes:
    """The smallest PNG there is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


async def test_the_example_does_what_it_says(service: Service, tmp_path: Path) -> None:
    """Upload, draft, submission, two refusals and download, against a real server."""
    organisation_id = await service.organisation()
    admin = await service.account(role=Role.ROLE_ADMIN)
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    kind = service.unique("guide").replace("-", "_")
    async with AsyncClient(service.address, email=admin.email, password=admin.password) as client:
        await client.content_types.CreateContentType(
            CreateContentTypeRequest(content_type=ContentType(name=kind, title="Guide"))
        )
    (tmp_path / "example.py").write_text(EXAMPLES[1])
    (tmp_path / "harbour.png").write_bytes(picture())

    run = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "example.py",
            service.address,
            author.email,
            author.password,
            organisation_id,
            kind,
            "harbour.png",
        ),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(run.communicate(), 60)

    size = len(picture())
    assert said.decode().splitlines() == [
        f"{size} of {size} bytes",
        "changed since it was read: True",
        "not public yet: PAGE_NOT_FOUND",
    ]
    assert (tmp_path / "copy.png").read_bytes() == picture()


async def test_the_first_steps_lead_to_a_page(service: Service) -> None:
    """What is published is listed and read, and what is not there is one line."""
    desk = await Desk.opened(service)
    path = f"{desk.root}/moor-a-boat"
    await desk.published(path, title="Apply for a mooring", body="Ask the **harbour master**.")
    program = EXAMPLES[0].replace("/guidance/moor-a-boat", path).replace("127.0.0.1:50051", service.address)

    run = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(run.communicate(), 60)

    lines = said.decode().splitlines()
    assert program.count(path) == program.count(service.address) == 1
    assert f"{path} Apply for a mooring" in lines
    assert "<p>Ask the <strong>harbour master</strong>.</p>" in lines
    assert lines[-1].startswith("NOT_FOUND PAGE_NOT_FOUND: Nothing is published at this path.")
