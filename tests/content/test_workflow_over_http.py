"""Reviews, comments and emergencies as web clients do them: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, closing
from http import HTTPStatus
from typing import Any

import httpx

from tests.content.test_schedules_over_http import step
from tests.edge import Edge
from tests.refusals import http_reason


def draft(client: httpx.Client) -> dict[str, Any]:
    organisation = client.get("/v1/organisations").json()["organisations"][0]["id"]
    wanted = {"contentType": "harbour_guide", "path": f"/guidance/{uuid.uuid4().hex}", "title": "Tides"}
    answer = client.post("/v1/documents", json={**wanted, "organisationId": organisation})
    found: dict[str, Any] = answer.raise_for_status().json()["document"]
    return found


def violations(answer: httpx.Response) -> list[tuple[str, str]]:
    """The conditions that a refusal names."""
    (told,) = [each for each in answer.json()["details"] if each["@type"].endswith("PreconditionFailure")]
    return [(each["type"], each["subject"]) for each in told["violations"]]


def test_a_draft_that_is_commented_on(edge: Edge) -> None:
    """A draft is submitted, recalled, submitted, commented on, approved once what blocks it is resolved, and published; what
    stands in the way is told at once (C35)."""
    with ExitStack() as stack:
        author, editor, publisher = (
            stack.enter_context(closing(edge.client(f"{each}@example.gov"))) for each in ("author", "editor", "publisher")
        )
        document = step(author, step(author, draft(author), "submit"), "recall", comment="Not yet.")
        assert document["draft"]["state"] == "DRAFT_STATE_DRAFT"
        document = step(author, document, "submit")
        said = f"/v1/documents/{document['id']}/comments"
        made = editor.post(said, json={"text": "Since when?", "field": "body", "blocksApproval": True})
        assert made.status_code == HTTPStatus.CREATED
        one = made.json()["comment"]
        assert made.headers["location"] == f"{said}/{one['id']}"
        author.post(said, json={"text": "Since 2019.", "parentId": one["id"]}).raise_for_status()
        refused = publisher.post(f"/v1/documents/{document['id']}:publish", json={"etag": document["etag"]})
        assert (refused.status_code, http_reason(refused)) == (HTTPStatus.BAD_REQUEST, "NOT_APPROVED")
        assert violations(refused) == [
            ("NOT_APPROVED", "draft.approvals"),
            ("BLOCKING_COMMENTS", "draft.blockingComments"),
        ]
        changed = editor.patch(f"{said}/{one['id']}", params={"updateMask": "text"}, json={"text": "Since which year?"})
        assert changed.raise_for_status().json()["comment"]["text"] == "Since which year?"
        editor.post(f"{said}/{one['id']}:resolve", json={}).raise_for_status()
        editor.post(f"{said}/{one['id']}:reopen", json={}).raise_for_status()
        editor.post(f"{said}/{one['id']}:resolve", json={}).raise_for_status()
        listed = author.get(said, params={"state": "COMMENT_STATE_RESOLVED", "pageSize": 1}).json()
        assert ([each["id"] for each in listed["comments"]], bool(listed["nextPageToken"])) == ([one["id"]], True)
        document = step(editor, document, "approve", comment="Good.")
        (approval,) = document["draft"]["approvals"]
        assert (approval["comment"], document["draft"]["requiredApprovals"]) == ("Good.", 1)
        assert editor.delete(f"{said}/{one['id']}").raise_for_status().json()["comment"]["text"] == ""
        reviews = author.get(f"/v1/documents/{document['id']}/reviews").json()["reviews"]
        assert [each["verdict"].removeprefix("REVIEW_VERDICT_") for each in reviews] == [
            "APPROVED", "SUBMITTED", "RECALLED", "SUBMITTED",
        ]  # fmt: skip
        assert step(publisher, document, "publish")["live"]["state"] == "LIVE_STATE_PUBLISHED"


def test_an_emergency_over_http(edge: Edge) -> None:
    """What is published by force is flagged, and somebody else approves it; an editor does not force it (Z8)."""
    with ExitStack() as stack:
        author, editor, publisher = (
            stack.enter_context(closing(edge.client(f"{each}@example.gov"))) for each in ("author", "editor", "publisher")
        )
        document = draft(author)
        asked = {"etag": document["etag"], "force": True, "forceReason": "The dam has broken."}
        assert editor.post(f"/v1/documents/{document['id']}:publish", json=asked).status_code == HTTPStatus.FORBIDDEN
        document = step(publisher, document, "publish", force=True, forceReason="The dam has broken.")
        assert document["live"]["forced"]["reason"] == "The dam has broken."
        assert publisher.get(f"/v1/pages{document['path']}").status_code == HTTPStatus.OK
        assert "forced" not in step(editor, document, "approve-publication")["live"]
