"""An office's day in requests, one after the other: those of the examples, and of each create that answers 201."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.edge import PASSWORD


class Asked(NamedTuple):
    """One request, and the status of its answer. `<page.organisationId>` in it is what an earlier answer said."""

    operation: str
    status: int
    who: str = ""
    """One of the demo's accounts, or nobody."""
    parameters: Mapping[str, Any] = {}
    body: Any = None
    named: str = ""
    """What the answer is called in later requests."""
    reason: str = ""
    """Of a refusal."""


LOGIN = {"email": "author@example.gov", "password": PASSWORD}
PAGE = {"path": "guidance/moor-a-boat"}
TIDES = "harbour/tides-<unique>"
DRAFT = {
    "organisationId": "<page.organisationId>",
    "contentType": "harbour_guide",
    "locale": "en",
    "path": f"/{TIDES}",
    "title": "Tide tables",
    "summary": "When the water is high.",
    "body": "High water is at **six**.",
}
IT = {"document_id": "<made.document.id>"}
ABSENT = {"document_id": "<absent>"}
FILE = {"organisationId": "<page.organisationId>", "name": "harbour.png", "alternativeText": "The harbour."}

READING = (
    Asked("getHealth", 200),
    Asked("getJwks", 200),
    Asked("getPage", 200, parameters=PAGE),
    Asked("getPage", 404, parameters={"path": "guidance/nothing"}, reason="PAGE_NOT_FOUND"),
    Asked("listPages", 200, parameters={"contentType": "harbour_notice", "pageSize": 2}),
    Asked("listPages", 400, parameters={"pageToken": "another"}, reason="INVALID_PAGE_TOKEN"),
    Asked("listRecordEntries", 200, parameters={"pageSize": 2}),
    Asked("getRecordEntry", 200, parameters={"number": "1"}),
    Asked("getRecordEntry", 404, parameters={"number": "999999"}, reason="RECORD_ENTRY_NOT_FOUND"),
)
SIGNING_IN = (
    Asked("login", 200, body=LOGIN, named="session"),
    Asked("login", 401, body={**LOGIN, "password": "another"}, reason="INVALID_CREDENTIALS"),
    Asked("refreshToken", 200, body={"refreshToken": "<session.refreshToken>"}),
    Asked("refreshToken", 401, body={"refreshToken": "another"}, reason="INVALID_REFRESH_TOKEN"),
    Asked("getMe", 200, "author"),
    Asked("getMe", 401, reason="UNAUTHENTICATED"),
    Asked("listSessions", 200, "author", {"pageSize": 1}),
)
WRITING = (
    Asked("createDocument", 201, "author", body=DRAFT, named="made"),
    Asked("createDocument", 400, "author", body={**DRAFT, "path": "/Tide Tables"}, reason="INVALID_ARGUMENT"),
    Asked("createDocument", 409, "author", body=DRAFT, reason="PATH_TAKEN"),
    Asked("getDocument", 200, "author", IT),
    Asked("getDocument", 404, "author", ABSENT, reason="DOCUMENT_NOT_FOUND"),
    Asked("listDocuments", 200, "author", {"contentType": "harbour_guide", "pageSize": 1}),
    Asked(
        "updateDocument",
        200,
        "author",
        {**IT, "updateMask": "title"},
        {"title": "Tide tables, 2027", "etag": "<made.document.etag>"},
        named="saved",
    ),
    Asked("updateDocument", 409, "author", {**IT, "updateMask": "title"}, {"title": "Tides", "etag": "0"}, reason="STALE_ETAG"),
    Asked("listRevisions", 200, "author", {**IT, "pageSize": 1}),
    Asked("addComment", 201, "author", IT, {"text": "Is that local time?"}),
    Asked("listComments", 200, "author", IT),
    Asked("createPreviewLink", 200, "author", IT, {"note": "For the harbour master"}),
    Asked("checkDocument", 200, "author", IT),
    Asked("submitDocument", 200, "author", IT, {"etag": "<saved.document.etag>"}, named="submitted"),
    Asked("approveDocument", 403, "author", IT, {"etag": "<submitted.document.etag>"}, reason="PERMISSION_DENIED"),
    Asked("publishDocument", 400, "publisher", IT, {"etag": "<submitted.document.etag>"}, reason="NOT_APPROVED"),
    Asked("approveDocument", 200, "editor", IT, {"etag": "<submitted.document.etag>"}, named="approved"),
    Asked("publishDocument", 200, "publisher", IT, {"etag": "<approved.document.etag>"}, named="published"),
    Asked(
        "unpublishDocument",
        200,
        "publisher",
        IT,
        {"etag": "<published.document.etag>", "redirect": {"location": "/guidance/moor-a-boat"}},
        named="moved",
    ),
    Asked("getPage", 301, parameters={"path": TIDES}),
    Asked("restoreDocument", 200, "publisher", IT, {"etag": "<moved.document.etag>"}, named="back"),
    Asked(
        "unpublishDocument",
        200,
        "publisher",
        IT,
        {"etag": "<back.document.etag>", "gone": {"explanation": "The harbour is closed."}},
    ),
    Asked("getPage", 410, parameters={"path": TIDES}),
)
FILES = (
    Asked("uploadFileContent", 201, "author", FILE, named="uploaded"),
    Asked("uploadFileContent", 400, "author", {**FILE, "name": "program.exe"}, reason="FILE_TYPE_NOT_ALLOWED"),
    Asked("getFile", 200, "author", {"file_id": "<uploaded.file.id>"}),
    Asked("getFile", 404, parameters={"file_id": "<uploaded.file.id>"}, reason="FILE_NOT_FOUND"),
    Asked("listFiles", 200, "author", {"name": "harbour", "pageSize": 1}),
    Asked(
        "updateFile",
        200,
        "author",
        {"file_id": "<uploaded.file.id>", "updateMask": "alternativeText"},
        {"alternativeText": "The harbour at dusk.", "etag": "<uploaded.file.etag>"},
    ),
    Asked("listFileVersions", 200, "author", {"file_id": "<uploaded.file.id>"}),
    Asked(
        "createUpload",
        201,
        "author",
        body={"upload": {**FILE, "sizeBytes": "5000000"}, "way": "UPLOAD_WAY_RESUMABLE"},
        named="begun",
    ),
    Asked("createTusUpload", 201, "author", body={}),
    Asked("getUpload", 200, "author", {"id": "<begun.upload.id>"}),
    Asked("getUpload", 404, "author", {"id": "<absent>"}, reason="UPLOAD_NOT_FOUND"),
    Asked("cancelUpload", 200, "author", {"id": "<begun.upload.id>"}),
    Asked("deleteFile", 200, "author", {"file_id": "<uploaded.file.id>"}),
    Asked("restoreFile", 200, "author", {"file_id": "<uploaded.file.id>"}, {}),
)
OFFICE = (
    Asked("listOrganisations", 200, "author"),
    Asked("getOrganisation", 200, "author", {"organisation_id": "<page.organisationId>"}),
    Asked("getContentType", 200, "author", {"content_type_name": "harbour_guide"}),
    Asked("listAccounts", 403, "author", reason="PERMISSION_DENIED"),
    Asked("listAccounts", 200, "admin", {"pageSize": 1}),
    Asked("createOrganisation", 201, "admin", body={"slug": "pilots-<unique>", "name": "Pilots"}),
    Asked("createContentType", 201, "admin", body={"name": "pilot_<unique>", "title": "Pilot"}),
    Asked(
        "inviteAccount",
        201,
        "admin",
        body={
            "account": {"email": "pilot-<unique>@example.gov", "name": "Pilot"},
            "role": "ROLE_AUTHOR",
            "organisationId": "<page.organisationId>",
        },
    ),
    Asked(
        "createServiceAccount",
        201,
        "admin",
        body={"account": {"name": "Importer"}, "role": "ROLE_AUTHOR", "organisationId": "<page.organisationId>"},
        named="service",
    ),
    Asked(
        "createApiKey",
        201,
        "admin",
        {"account_id": "<service.account.id>"},
        {"name": "Nightly", "scopes": ["PERMISSION_DOCUMENTS_READ"]},
    ),
    Asked("logout", 200, "author", body={}),
)
DAY = (*READING, *SIGNING_IN, *WRITING, *FILES, *OFFICE)
