"""The contract says what each string of a request is (C11)."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gazette.text.v1.text_pb2 import TextKind
from server.rpc.requests.settling import rule_of, texts
from server.rpc.requests.sizes import ITEMS, REPEATED, RULES, STRING, is_map, nested, numbered
from tests.contract.test_contract import methods

UUID, PATTERN, IN = 22, 6, 10
OF_OURS = {"page_token", "check_token", "etag", "other_etag"}
"""What the server made: it comes back as it was, or is refused."""
SET_BY_THE_SERVER = {
    "gazette.auth.v1.Grant.locales",
    "gazette.auth.v1.Grant.organisation_id",
    "gazette.auth.v1.Organisation.path_prefixes",
    "gazette.content.v1.Approval.account_id",
    "gazette.content.v1.Approval.comment",
    "gazette.content.v1.Comment.account_id",
    "gazette.content.v1.Comment.resolver_id",
    "gazette.content.v1.Forcing.account_id",
    "gazette.content.v1.Forcing.reason",
    "gazette.content.v1.Live.explanation",
    "gazette.content.v1.Live.location",
    "gazette.content.v1.Live.path",
    "gazette.content.v1.Live.reviewer_id",
    "gazette.content.v1.Schedule.account_id",
    "gazette.content.v1.Schedule.change_note",
    "gazette.content.v1.ScheduleFailure.message",
    "gazette.content.v1.ScheduleFailure.reason",
    "gazette.files.v1.DocumentFacts.language",
    "gazette.files.v1.DocumentFacts.title",
    "gazette.files.v1.File.content_type",
    "gazette.files.v1.File.organisation_id",
    "gazette.files.v1.File.sha256",
    "gazette.files.v1.File.uploaded_sha256",
    "gazette.files.v1.Image.blurhash",
    "gazette.files.v1.Image.dominant_color",
    "gazette.files.v1.Rejection.message",
    "gazette.files.v1.Rejection.reason",
}
"""Parts of resources that a request carries and nobody reads there."""
WITH_PATTERN_AND_TEXT = {
    "gazette.content.v1.Comment.field",
    "gazette.content.v1.Document.locale",
    "gazette.content.v1.ContentType.html_members",
    "gazette.content.v1.MemberMove.source",
    "gazette.content.v1.MemberMove.target",
    "gazette.content.v1.MemberPermission.member",
}


def requests() -> set[Descriptor]:
    found: set[Descriptor] = set()
    for method in methods():
        collect(method.input_type, found)
    return found


def collect(kind: Descriptor, found: set[Descriptor]) -> None:
    if kind not in found and kind.file.package.startswith("gazette."):
        found.add(kind)
        for field in kind.fields:
            if field.message_type is not None:
                collect(field.message_type, found)


def strings() -> Iterator[FieldDescriptor]:
    """Every string of every request, and every object."""
    for kind in requests():
        if not kind.GetOptions().map_entry:
            for field in kind.fields:
                is_object = field.message_type is not None and field.message_type.full_name == "google.protobuf.Struct"
                if field.type == FieldDescriptor.TYPE_STRING or is_object:
                    yield field


def is_named(field: FieldDescriptor) -> bool:
    """Whether a rule says all that it may be: a UUID, a pattern, or one of some."""
    rules = nested(numbered(field.GetOptions()), RULES)
    of_string = nested(nested(nested(rules, REPEATED), ITEMS) if field.is_repeated else rules, STRING)
    return bool({UUID, PATTERN, IN} & set(of_string))


def test_every_string_of_a_request_says_what_it_is() -> None:
    """It has a kind, unless a UUID or a pattern says it all, or the server made it (C11)."""
    fields = {each.full_name: each for each in strings()}
    assert len(fields) > 80
    silent = {name for name, each in fields.items() if rule_of(each) is None}
    assert {name for name in silent if not is_named(fields[name]) and fields[name].name not in OF_OURS} == SET_BY_THE_SERVER
    assert {name for name in fields.keys() - silent if is_named(fields[name])} <= WITH_PATTERN_AND_TEXT | {
        "gazette.auth.v1.ConfirmTotpRequest.code"
    }


def test_keys_of_maps_have_patterns() -> None:
    """A map's keys are names of ours."""
    maps = [field for kind in requests() for field in kind.fields if is_map(field)]
    assert [each.full_name for each in maps] == ["gazette.content.v1.Document.links"]


def test_what_people_read_must_be_seen() -> None:
    """A title, a name and a tag are refused where nothing of them can be seen, and a message without texts costs nothing."""
    rules = {each.full_name: rule for each in strings() if (rule := rule_of(each)) is not None}
    lines = {name for name, rule in rules.items() if rule.kind in {TextKind.TEXT_KIND_LINE, TextKind.TEXT_KIND_TAG}}
    of_programs = {"body_member", "field", "html_members", "member", "source", "target"}
    unseen = {name for name in lines if not rules[name].visible} - {"gazette.files.v1.ListFilesRequest.name"}
    assert {name.rsplit(".", 1)[1] for name in unseen} == {"query", *of_programs}
    by_name = {kind.full_name: kind for kind in requests()}
    assert texts(by_name["gazette.content.v1.GetDocumentRequest"]) is None
    asked = texts(by_name["gazette.delivery.v1.GetPageRequest"])
    assert asked is not None
    assert [name for name, _ in asked.short] == ["locale"]
    assert not asked.fields
    assert not asked.messages
