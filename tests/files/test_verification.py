"""`gazette files verify`: what came in before all of a file was parsed is found."""

from __future__ import annotations

import json
import uuid

from sqlalchemy import update

from gazette.auth.v1.account_pb2 import Role
from server.files.models import File
from tests.command_line import run
from tests.files.uploading import PDF, PNG, rows, send, upload_of
from tests.formats.samples import png
from tests.service import Service


async def test_what_is_stored_is_looked_at(own_service: Service) -> None:
    """Each file that is not what it says is listed with what is wrong, and nothing is changed (F2)."""
    service = own_service
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    names = ("sound.png", "script.png", "other.png", "lost.png", "unknown.png")
    images = {name: png(width, 1, bytes(1 + 3 * width)) for width, name in enumerate(names, 1)}
    ids = {
        name: (await send(service, author, upload_of(organisation_id, image, name), image)).file.id
        for name, image in images.items()
    }
    ids["sound.pdf"] = (await send(service, author, upload_of(organisation_id, PDF, "sound.pdf"), PDF)).file.id
    result = await run(service, "files", "verify")
    assert (result.exit_code, result.output) == (0, "6 files, 0 not what they say\n")

    folder = service.settings.files_directory
    assert folder is not None
    keys = {row.name: folder / row.blob_key for row in await rows(service)}
    keys["script.png"].write_bytes(PNG[:8] + b"<script>alert(1)</script>")
    keys["other.png"].write_bytes(images["other.png"] + b"\0")
    keys["lost.png"].unlink()
    async with service.database.transaction() as connection:
        unknown = update(File).where(File.id == uuid.UUID(ids["unknown.png"]))
        await connection.execute(unknown.values(content_type="video/mp4"))

    result = await run(service, "files", "verify", "--json")
    assert result.exit_code == 1
    flaws = {each["file"]["name"]: each["flaw"] for each in json.loads(result.stdout)}
    assert flaws == {
        "script.png": "is a page or a program as well: it begins with '<script>'",
        "other.png": "has other bytes than those that came",
        "lost.png": "is lost: the storage has no bytes of it",
        "unknown.png": "is of a type that nothing here parses: video/mp4",
    }
    result = await run(service, "files", "verify")
    assert f"{ids['lost.png']}  {organisation_id}  not public  lost.png  is lost" in result.output
    assert result.output.endswith("6 files, 4 not what they say\n")
    assert len(await rows(service)) == 6
