"""The document's examples are what a server is asked and what it answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from tests.edge import Edge
from tests.web.openapi.day import DAY
from tests.web.openapi.examples import DOCUMENT, MOST_OF_A_LIST, Answered, Office

pytestmark = pytest.mark.web

DESCRIBED = json.loads(DOCUMENT.read_text())


@pytest.fixture(scope="module")
def day(web_edge: Edge) -> list[Answered]:
    with httpx.Client(base_url=web_edge.http, timeout=30) as client:
        return list(Office(client).day())


def operations() -> dict[str, Any]:
    return {each["operationId"]: each for verbs in DESCRIBED["paths"].values() for each in verbs.values()}


def shape(value: Any) -> Any:
    """The value's members and kinds, and the first of a list for all of them."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return list(map(shape, value[:MOST_OF_A_LIST])) if isinstance(value, list) else type(value).__name__


def test_each_example_is_answered_so(day: list[Answered]) -> None:
    """The same request has the same status, the same members of the same kinds, and a refusal its reason."""
    described = operations()
    for each in day:
        example = described[each.asked.operation]["responses"][str(each.asked.status)]["content"]["application/json"]["example"]
        assert each.answer.status_code == each.asked.status, f"{each.asked}: {each.answer.text}"
        if each.asked.reason:
            assert each.content["details"][0]["reason"] == each.asked.reason
            if example["details"][0]["reason"] == each.asked.reason:
                assert shape(example) == shape(each.content), each.asked
        elif each.asked.operation not in {"listAccounts", "listDocuments", "listOrganisations", "listSessions", "getJwks"}:
            assert shape(example) == shape(each.content), each.asked


def test_each_answer_is_as_described(day: list[Answered]) -> None:
    """Every answer fits its schema, formats among it, and a create says where what it made is to be found."""
    described = operations()
    for each in day:
        content = described[each.asked.operation]["responses"][str(each.asked.status)]["content"]
        schema = {**content["application/json"]["schema"], "components": DESCRIBED["components"]}
        OAS31Validator(schema).validate(each.content)
        assert ("location" in each.answer.headers) == (each.asked.status in {201, 301}), each.asked


def test_every_example_is_tried() -> None:
    """Nothing in the document is an example that no request of the day has."""
    tried = {(each.operation, str(each.status)) for each in DAY}
    described = {
        (name, status)
        for name, each in operations().items()
        for status, answer in each["responses"].items()
        if any("example" in media for media in answer.get("content", {}).values())
    }
    assert described == tried
    creates = {name for name, each in operations().items() if "201" in each["responses"]}
    assert creates == {each.operation for each in DAY if each.status == 201}
