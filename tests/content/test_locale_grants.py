"""Translators: a role that is held for some languages brings what concerns documents in these, and reading, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.content_service_pb2 import DESCRIPTOR
from gazette.content.v1.document_pb2 import Document
from server.auth.permissions import LOCALE_PERMISSIONS, ROLE_PERMISSIONS
from server.rpc.caller import Caller
from tests.auth.administering import ask
from tests.content.desk import Desk
from tests.content.revising import delete, undelete
from tests.content.test_due import failed, make_due
from tests.refusals import refused
from tests.service import Person

SERVICE = DESCRIPTOR.services_by_name["ContentService"]
NAMES = ("document_id", "id")
READS = {method.name for method in SERVICE.methods if method.GetOptions().idempotency_level == 1}
MORE: dict[str, dict[str, Any]] = {
    "AddComment": {"comment": {"text": "x"}},
    "DeleteComment": {"id": str(uuid.uuid4())},
    "ReopenComment": {"id": str(uuid.uuid4())},
    "RequestChanges": {"comment": "shorter"},
    "ResolveComment": {"id": str(uuid.uuid4())},
    "RestoreRevision": {"number": 1},
    "RevokePreviewLink": {"id": str(uuid.uuid4())},
    "ScheduleDocument": {"due_time": datetime.now(UTC) + timedelta(days=1)},
    "UnpublishDocument": {"gone": {"explanation": "x"}},
    "UpdateComment": {"comment": {"id": str(uuid.uuid4()), "text": "x"}, "update_mask": {"paths": ["text"]}},
    "WithdrawDocument": {"explanation": "x"},
}
"""What methods need beside the document's id and etag. A new one that asks for more than these says so here."""
PAIRS = {"SwapPaths"}
"""What changes two documents, of which the other is one in English as well."""
ELSE = {"AnnouncePresence", "UndeleteDocument"}
"""What whoever may read does; and what finds nothing but what is deleted, which has a test of its own."""


def named() -> Iterator[tuple[str, str]]:
    """The methods that change one document, and the field of their request that names it."""
    for method in SERVICE.methods:
        fields = method.input_type.fields_by_name
        if method.name in READS | ELSE or method.client_streaming:
            continue
        if name := next((each for each in NAMES if each in fields), ""):
            yield method.name, name
        elif "document" in fields and method.name != "CreateDocument":
            yield method.name, "document"


def request_of(method: str, field: str, document: Document) -> Any:
    wanted: Any = GetMessageClass(SERVICE.methods_by_name[method].input_type)()
    if field == "document":
        wanted.document.id, wanted.document.etag = document.id, document.etag
        wanted.document.title = "Another title"
        wanted.update_mask.paths.append("title")
    else:
        setattr(wanted, field, document.id)
        if "etag" in wanted.DESCRIPTOR.fields_by_name:
            wanted.etag = document.etag
    for name, value in MORE.get(method, {}).items():
        if isinstance(value, datetime):
            getattr(wanted, name).FromDatetime(value)
        elif isinstance(value, dict):
            getattr(wanted, name).CopyFrom(type(getattr(wanted, name))(**value))
        else:
            setattr(wanted, name, value)
    return wanted


async def translator(desk: Desk, role: Role.ValueType, *locales: str) -> Person:
    """Somebody who holds the role in the desk's organisation for these languages alone."""
    person = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    given = {"id": person.id, "organisation_id": desk.organisation_id}
    await ask(desk.service, desk.admin, "GrantRole", **given, role=role, locales=locales)
    await ask(desk.service, desk.admin, "RevokeRole", **given, role=Role.ROLE_READER)
    return await desk.service.sign_in(person.email)


@pytest.mark.parametrize(("method", "field"), [*named()])
async def test_every_change_of_another_language_is_refused(desk: Desk, method: str, field: str) -> None:
    """Whoever may do everything with Welsh documents can change none that is English, by whatever method: a new one is tried
    by this test as well. (Z9)"""
    document = await desk.create(f"{desk.root}/a")
    person = await translator(desk, Role.ROLE_PUBLISHER, "cy", "cy-GB")
    request = request_of(method, field, document)
    if method in PAIRS:
        other = await desk.create(f"{desk.root}/b")
        request.other_id, request.other_etag = other.id, other.etag
    refusal = await refused(getattr(desk.documents, method)(request, metadata=person.metadata))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED, f"{refusal.status.message} Does MORE lack something?"
    assert (await desk.get(document)).etag == document.etag


async def test_what_is_deleted_comes_back_in_its_language(desk: Desk) -> None:
    """Whoever may delete documents in a language brings those back, and finds no other. (Z9)"""
    person = await translator(desk, Role.ROLE_EDITOR, "cy")
    english, welsh = await delete(desk, await desk.create()), await delete(desk, await desk.create(locale="cy"), person)
    assert (await refused(undelete(desk, english, by=person))).reason == "DOCUMENT_NOT_FOUND"
    assert (await undelete(desk, welsh, by=person)).id == welsh.id


async def test_a_translator_at_work(desk: Desk) -> None:
    """Who holds a role for a language writes, submits, schedules and publishes what is in it, and in its forms; all else
    there can be read. A document in another language cannot be made. (Z9)"""
    english = await desk.published(f"{desk.root}/a")
    author = await translator(desk, Role.ROLE_AUTHOR, "cy")
    editor, publisher = [await translator(desk, each, "cy") for each in (Role.ROLE_EDITOR, Role.ROLE_PUBLISHER)]
    welsh = replace(desk, author=author, editor=editor, publisher=publisher)
    key = english.translation_key
    published = await welsh.published(f"{desk.root}/cy", locale="cy", translation_key=key)
    assert (await welsh.update(published, title="Teitl")).title == "Teitl"
    form = await welsh.approved(f"{desk.root}/cy-gb", locale="cy-GB")
    assert (await welsh.schedule(form, timedelta(days=1))).draft.schedule.account_id == publisher.id
    assert (await welsh.get(english)).id == english.id
    listed = await desk.documents.ListDocuments(
        rpc.ListDocumentsRequest(organisation_id=desk.organisation_id), metadata=author.metadata
    )
    assert english.id in {each.id for each in listed.documents}
    for locale in ("en", "", "cyx", "fr"):
        refusal = await refused(desk.create(f"{desk.root}/other", locale=locale, metadata=author.metadata))
        assert (refusal.code, refusal.info.metadata["permission"]) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "PERMISSION_DOCUMENTS_WRITE",
        )
    elsewhere = await desk.service.organisation()
    refusal = await refused(desk.create(locale="cy", organisation_id=elsewhere, metadata=author.metadata))
    assert refusal.reason == "ORGANISATION_NOT_FOUND"


async def test_what_is_scheduled_by_who_may_no_more(desk: Desk) -> None:
    """What is due in a language that its scheduler may publish in no more fails, as where the role is lost. (Z9)"""
    publisher = await translator(desk, Role.ROLE_PUBLISHER, "cy")
    document = await desk.approved(f"{desk.root}/cy", locale="cy")
    scheduled = await desk.schedule(document, timedelta(days=1), publisher)
    given = {"id": publisher.id, "organisation_id": desk.organisation_id, "role": Role.ROLE_PUBLISHER}
    await ask(desk.service, desk.admin, "GrantRole", **given, locales=["fr"])
    await ask(desk.service, desk.admin, "RevokeRole", **given, locales=["cy"])
    await make_due(desk, scheduled)
    assert (await failed(desk, scheduled)).draft.schedule.failure.reason == "PERMISSION_DENIED"


async def test_imports_are_for_all_languages(desk: Desk) -> None:
    """Nobody brings documents in by a role for one language. (Z9)"""
    person = await translator(desk, Role.ROLE_PUBLISHER, "en")
    refusal = await refused(desk.bring_in(by=person))
    assert refusal.code is grpc.StatusCode.PERMISSION_DENIED


def test_languages_and_their_forms() -> None:
    """A language stands for its forms, and for nothing that only begins like it; without one nothing for some is held."""
    here, there = uuid.uuid4(), uuid.uuid4()
    write = Permission.PERMISSION_DOCUMENTS_WRITE
    caller = Caller(uuid.uuid4(), in_locales={write: {here: frozenset({"fr"}), None: frozenset({"cy-GB"})}})
    assert caller.holds(write)
    assert caller.organisations(write) == frozenset()
    for organisation_id, locale, may in (
        (here, "fr", True),
        (here, "fr-CA", True),
        (here, "frr", False),
        (there, "fr", False),
        (there, "cy-GB", True),
        (there, "cy", False),
        (here, None, False),
        (None, "fr", False),
        (None, "cy-GB", True),
    ):
        assert caller.may(write, organisation_id, locale) == may, (organisation_id, locale)


def test_each_permission_of_documents_is_for_a_language_or_for_none() -> None:
    """What a role for some languages brings of the permissions that concern documents is decided for each of them: who adds one
    says here whether it is meant for translators."""
    for_all = {"READ", "IMPORT", "VANISH", "OVERRIDE"}
    some = {name.removeprefix("PERMISSION_DOCUMENTS_") for name, number in Permission.items() if number in LOCALE_PERMISSIONS}
    every = {name.removeprefix("PERMISSION_DOCUMENTS_") for name, _ in Permission.items() if "_DOCUMENTS_" in name}
    assert every == some | for_all
    assert ROLE_PERMISSIONS[Role.ROLE_ADMIN] >= LOCALE_PERMISSIONS
