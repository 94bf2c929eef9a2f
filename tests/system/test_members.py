"""What members of JSON bodies and what values Envoy lets through: those that the contract knows."""

from __future__ import annotations

import httpx
import pytest

from tests.json_bodies import body, office, told

__all__ = ["office"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (b'"title":3', "title"),
        (b'"title":"x"', "title"),
        (b'"content_type":"x"', "contentType"),
        (b'"summary":["x"]', "summary"),
        (b'"tags":"x"', "tags"),
        (b'"tags":{"0":"x"}', "tags"),
        (b'"tags":["x",2]', "tags[1]"),
        (b'"links":[]', "links"),
        (b'"links":{"related":{"translationKeys":["x"],"translation_keys":[]}}', "links.related.translationKeys"),
        (b'"draft":{"state":true}', "draft.state"),
        (b'"live":{"recordNumber":9007199254740993}', "live.recordNumber"),
        (b'"revisionNumber":{}', "revisionNumber"),
        (b'"createTime":5', "createTime"),
    ],
)
def test_members_of_the_contract(http_admin: httpx.Client, office: dict[str, str], more: bytes, field: str) -> None:
    """A member that comes under both of its names, or whose value is of another kind, is refused by name."""
    assert told(http_admin.post("/v1/documents", content=body(office, b"{}", b"," + more))) == (400, "INVALID_JSON", field)


@pytest.mark.parametrize(
    ("more", "field", "why"),
    [
        (b'"sumary":"x"', "sumary", "is no field here; did you mean summary?"),
        (b'"bodyformat":"x"', "bodyformat", "is no field here; did you mean bodyFormat?"),
        (b'"tilte":"x"', "tilte", "is no field here; did you mean title?"),
        (b'"quite_another":{"a":[1]}', "quite_another", "is no field here"),
        (b'"":1', "", ""),
        (
            b'"links":{"related":{"translationKey":[]}}',
            "links.related.translationKey",
            "is no field here; did you mean translationKeys?",
        ),
        (b'"\\u0073umary":"x"', "sumary", "is no field here; did you mean summary?"),
        (b'"%b":1' % (b"summary" * 10_000), "", ""),
    ],
    ids=lambda each: str(each)[:20],
)
def test_unknown_members(http_admin: httpx.Client, office: dict[str, str], more: bytes, field: str, why: str) -> None:
    """A member that no field has is refused by name, with the one that is closest to it, instead of being dropped (C15)."""
    answer = http_admin.post("/v1/documents", content=body(office, b"{}", b"," + more))
    status, reason, named = told(answer)
    assert (status, reason) == (400, "INVALID_JSON" if len(more) > 65_536 else "UNKNOWN_FIELD")
    if why:
        assert named == field
        assert answer.json()["details"][1]["fieldViolations"][0]["description"] == why


def test_members_of_an_object_are_the_callers(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """What an object of the caller's own has is looked for by no name."""
    assert http_admin.post("/v1/documents", content=body(office, b'{"sumary":{"Titel":1}}')).status_code == 201


@pytest.mark.parametrize(
    ("more", "field", "why"),
    [
        (b'"bodyFormat":"NOPE"', "bodyFormat", "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML (or markdown, html)"),
        (b'"bodyFormat":"Markdown"', "bodyFormat", "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML (or markdown, html)"),
        (
            b'"bodyFormat":"%b"' % (b"x" * 70_000),
            "bodyFormat",
            "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML (or markdown, html)",
        ),
        (b'"bodyFormat":"9"', "bodyFormat", "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML (or markdown, html)"),
        (b'"bodyFormat":9', "bodyFormat", "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML"),
        (b'"createTime":"yesterday"', "createTime", "must be a time (RFC 3339), such as 2026-11-29T12:00:00Z"),
        (b'"live":{"publishDuration":"5 min"}', "live.publishDuration", "must be a duration in seconds, such as 90s or 1.5s"),
        (b'"revisionNumber":1.5', "revisionNumber", "must be a whole number of 32 bits"),
        (b'"revisionNumber":"x"', "revisionNumber", "must be a whole number of 32 bits"),
        (b'"live":{"recordNumber":"9223372036854775808"}', "live.recordNumber", "must be a whole number of 64 bits"),
        (b'"locale":"English"', "locale", "is no tag of a language (BCP 47), such as en-GB"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_values_that_a_field_does_not_take(
    http_admin: httpx.Client, office: dict[str, str], more: bytes, field: str, why: str
) -> None:
    """Whoever finds out, the scan, the transcoder or the server: a value that its field does not take is refused by the field's
    name in JSON, with what is wanted (C15)."""
    answer = http_admin.post("/v1/documents", content=body(office, b"{}", b"," + more))
    assert told(answer) == (400, "INVALID_ARGUMENT", field)
    assert answer.json()["details"][1]["fieldViolations"][0]["description"] == why
    assert answer.json()["message"].startswith(f"{field}: {why}")


def test_short_names_of_values(http_admin: httpx.Client, office: dict[str, str]) -> None:
    """A value of an enum is taken in its long form and in its short one; answers have the long one."""
    for said in (b'"html"', b'"BODY_FORMAT_HTML"', b'"\\u0068tml"', b'"2"', b"2"):
        answer = http_admin.post("/v1/documents", content=body(office, b"{}", b',"bodyFormat":' + said))
        assert answer.status_code == 201, answer.text
        assert answer.json()["document"]["bodyFormat"] == "BODY_FORMAT_HTML"
