"""AccountService over HTTP, through Envoy, as a web client meets it."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.refusals import http_reason


@pytest.fixture
def invited(http_admin: httpx.Client) -> dict[str, Any]:
    """A new account."""
    wanted = {"account": {"email": f"{uuid.uuid4().hex}@example.gov", "name": "Ada Byron"}, "role": "ROLE_AUTHOR"}
    answer = http_admin.post("/v1/accounts:invite", json=wanted)
    account: dict[str, Any] = answer.json()["account"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/accounts/{account['id']}")
    return account


def test_an_account_has_the_contracts_names(http_admin: httpx.Client, invited: dict[str, Any]) -> None:
    """Names in lowerCamelCase, enumerations by name, times as RFC 3339."""
    found = http_admin.get(f"/v1/accounts/{invited['id']}").raise_for_status().json()["account"]
    assert found == invited
    assert (found["state"], found["kind"]) == ("ACCOUNT_STATE_INVITED", "ACCOUNT_KIND_PERSON")
    assert [grant["role"] for grant in found["grants"]] == ["ROLE_AUTHOR"]
    assert found["createTime"].endswith("Z")


def test_accounts_are_listed_and_found(http_admin: httpx.Client, invited: dict[str, Any]) -> None:
    """Filters and pages are in the query."""
    query = {"state": "ACCOUNT_STATE_INVITED", "query": invited["email"][:20]}
    assert http_admin.get("/v1/accounts", params=query).json() == {"accounts": [invited], "nextPageToken": ""}
    first = http_admin.get("/v1/accounts", params={"pageSize": 1}).json()
    second = http_admin.get("/v1/accounts", params={"pageSize": 1, "pageToken": first["nextPageToken"]}).json()
    assert first["accounts"][0]["id"] > second["accounts"][0]["id"]


def test_a_name_changes(http_admin: httpx.Client, invited: dict[str, Any]) -> None:
    """A PATCH with a mask in the query and the account in the body; another mask is a 400."""
    url = f"/v1/accounts/{invited['id']}"
    answer = http_admin.patch(url, params={"updateMask": "name"}, json={"name": "Ada Lovelace"})
    assert (answer.status_code, answer.json()) == (200, {"account": invited | {"name": "Ada Lovelace"}})
    refusal = http_admin.patch(url, params={"updateMask": "state"}, json={"state": "ACCOUNT_STATE_ACTIVE"})
    assert (refusal.status_code, http_reason(refusal)) == (400, "INVALID_UPDATE_MASK")


def test_each_change_is_a_verb(http_admin: httpx.Client, invited: dict[str, Any]) -> None:
    """POSTs to the account's path with the verb behind a colon, from its first role to its erasure."""
    url = f"/v1/accounts/{invited['id']}"

    def post(verb: str, **body: str) -> dict[str, Any]:
        answer: dict[str, Any] = http_admin.post(f"{url}:{verb}", json=body).raise_for_status().json()
        return answer

    granted = post("grant-role", role="ROLE_EDITOR")["account"]
    assert [grant["role"] for grant in granted["grants"]] == ["ROLE_AUTHOR", "ROLE_EDITOR"]
    assert post("revoke-role", role="ROLE_EDITOR") == {"account": invited}
    assert post("disable")["account"]["state"] == "ACCOUNT_STATE_DISABLED"
    assert post("enable") == {"account": invited}
    assert post("revoke-sessions") == {"revokedCount": 0}
    refusal = http_admin.post(f"{url}:disable-totp", json={})
    assert (refusal.status_code, http_reason(refusal)) == (400, "TOTP_NOT_ENROLLED")
    erased = post("erase")["account"]
    assert (erased["id"], erased["state"], erased["email"]) == (invited["id"], "ACCOUNT_STATE_ERASED", "")


def test_refusals_have_their_status(edge: Edge, http_admin: httpx.Client, invited: dict[str, Any]) -> None:
    """What is taken is a 409, what is absent a 404, what is not one's business a 403, and who is nobody a 401."""
    own = http_admin.get("/v1/auth/me").json()["account"]
    taken = http_admin.post(
        "/v1/accounts:invite", json={"account": {"email": own["email"], "name": "A"}, "role": "ROLE_READER"}
    )
    assert (taken.status_code, http_reason(taken)) == (409, "EMAIL_TAKEN")
    absent = http_admin.get(f"/v1/accounts/{uuid.uuid4()}")
    assert (absent.status_code, http_reason(absent)) == (404, "ACCOUNT_NOT_FOUND")
    with closing(edge.client("editor@example.gov")) as editor:
        assert editor.get(f"/v1/accounts/{invited['id']}").status_code == 403
    with closing(edge.client()) as nobody:
        assert nobody.get("/v1/accounts").status_code == 401
