"""What people read of a file is text as everywhere: in the first message of a stream, and in the query over HTTP (C11)."""

from __future__ import annotations

from contextlib import closing

import grpc

from gazette.auth.v1.account_pb2 import Role
from tests.edge import Edge
from tests.files.uploading import PNG, assert_nothing_left, send, upload_of
from tests.refusals import http_reason, refused
from tests.service import Service

NAMES = {"a\u202egnp.png": "U+202E", "\u3164": "U+3164", "a\x07.png": "U+0007", "a\n.png": "U+000A"}


async def test_an_upload_has_texts(service: Service) -> None:
    """A name and an alternative text are in their form; what is none is refused, and nothing is left of it (C11)."""
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    for name, named in NAMES.items():
        refusal = await refused(send(service, author, upload_of(organisation_id, PNG, name), PNG))
        assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
        assert named in refusal.fields["upload.name"]
    for name in ("\u3164.png", "\u2800\u200d.png", "\u0301.PNG"):
        refusal = await refused(send(service, author, upload_of(organisation_id, PNG, name), PNG))
        assert refusal.fields["upload.name"] == "shows nothing before its extension"
    refusal = await refused(send(service, author, upload_of(organisation_id, PNG, alternative_text="a\u202db"), PNG))
    assert "U+202D" in refusal.fields["upload.alternative_text"]
    await assert_nothing_left(service)
    upload = upload_of(organisation_id, PNG, " Cafe\u0301.png\u200b", alternative_text="A pier\r\nat low tide ")
    file = (await send(service, author, upload, PNG)).file
    assert (file.name, file.alternative_text) == ("Café.png", "A pier\nat low tide")


def test_an_upload_over_http_has_texts(edge: Edge) -> None:
    """The same holds for the query of an upload over HTTP (C11)."""
    with closing(edge.client("author@example.gov")) as author:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        given = {"organisationId": organisation, "name": " Cafe\u0301.png", "alternativeText": "\u200b"}
        answer = author.post("/v1/files:upload", params=given, content=PNG)
        file = answer.raise_for_status().json()["file"]
        assert (file["name"], file["alternativeText"]) == ("Café.png", "")
        refusal = author.post("/v1/files:upload", params={**given, "name": "a\u202egnp.png"}, content=PNG)
        assert (refusal.status_code, http_reason(refusal)) == (400, "INVALID_ARGUMENT")
        assert refusal.json()["message"].startswith("name: U+202E")
        refusal = author.post("/v1/files:upload", params={**given, "name": "\u115f.png"}, content=PNG)
        assert (refusal.status_code, refusal.json()["message"]) == (400, "name: shows nothing before its extension")
