"""Walks through every list of the contract: whatever is changed meanwhile, all that was there all the time is seen (C12)."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message_factory import GetMessageClass

from gazette.auth.v1 import account_service_pb2 as accounts
from gazette.auth.v1 import organisation_service_pb2 as organisations
from gazette.auth.v1.account_pb2 import Account
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1.content_type_service_pb2 import GetContentTypeRequest
from gazette.content.v1.document_pb2 import LinkTargets
from tests.content.desk import Desk
from tests.content.reviewing import comment
from tests.content.revising import preview_link
from tests.contract.asking import answered, request
from tests.contract.office import Office, new_key, two_versions
from tests.contract.test_page_tokens import LISTS
from tests.service import Person, Service

PARTS = 2
"""How many parts a walk has, about."""
NAMES = ("id", "name", "number", "create_time")
"""What tells the items of a list apart: the first of these that they have."""


class Change:
    """Changes one thing of everything that can be listed, the oldest first, again and again."""

    def __init__(self, service: Service, desk: Desk, office: Office, session: Person) -> None:
        self.service, self.desk, self.office, self.session = service, desk, office, session
        self.refresh_token = session.refresh_token
        self.turn = 0
        self.documents: list[Any] = []

    async def all(self) -> None:
        self.turn += 1
        name, service, desk = f"Name {self.turn}", self.service, self.desk
        admin, mask = desk.admin.metadata, FieldMask(paths=["name"])
        document = self.documents.pop(0)
        self.documents.append(await desk.through_review(await desk.update(document, title=name, path=f"{document.path}x")))
        await AccountServiceStub(service.channel).UpdateAccount(
            accounts.UpdateAccountRequest(account=Account(id=self.office.things["person_id"], name=name), update_mask=mask),
            metadata=admin,
        )
        await OrganisationServiceStub(service.channel).UpdateOrganisation(
            organisations.UpdateOrganisationRequest(
                organisation=Organisation(id=desk.organisation_id, name=name), update_mask=mask
            ),
            metadata=admin,
        )
        guide = await desk.content_types.GetContentType(GetContentTypeRequest(name="guide"), metadata=admin)
        await desk.change_content_type(guide.content_type, title=name)
        await new_key(service, self.office.admin, self.office.things["account_id"])
        refreshed = await AuthServiceStub(service.channel).RefreshToken(RefreshTokenRequest(refresh_token=self.refresh_token))
        self.refresh_token = refreshed.refresh_token


def items(method: MethodDescriptor, answer: Any) -> list[str]:
    """What of its items an answer names."""
    (field,) = (each for each in method.output_type.fields if each.is_repeated)
    assert field.message_type is not None, "lists are of messages"
    kind, listed = field.message_type.fields_by_name, getattr(answer, field.name)
    if "source" in kind:
        return [each.source.document_id for each in listed]
    name = next((each for each in NAMES if each in kind), "document_id")
    return [str(getattr(each, name)) for each in listed]


async def test_nothing_is_hidden(own_service: Service) -> None:
    """Of each list, everything is seen that was there when the walk began, though between any two parts a document is moved and
    published anew, an account, an organisation and a content type are changed, a session goes on, and keys, revisions, events
    and entries come (C12)."""
    service = own_service
    desk = await Desk.opened(service)
    office = await Office.opened(service)
    for _ in range(2):
        await desk.content_type(desk.kind("speech"))
        await new_key(service, office.admin, office.things["account_id"])
    session = await service.sign_in(desk.admin.email)
    change = Change(service, desk, office, session)
    change.documents = [await desk.published() for _ in range(4)]
    replaced = await two_versions(service, desk.admin, desk.organisation_id)
    known = {**office.things, "document_id": change.documents[0].id, "name": "guide", "id": replaced}
    guide = await desk.content_types.GetContentType(GetContentTypeRequest(name="guide"), metadata=desk.admin.metadata)
    await desk.change_content_type(guide.content_type, title="Another title")
    change.documents[0] = await desk.update(change.documents[0], title="Another title")
    await desk.create(locale="fr", translation_key=change.documents[0].translation_key)
    for _ in range(2):
        await preview_link(desk, change.documents[0])
    for text in ("Why?", "So.", "Well."):
        await comment(desk, change.documents[0], text)
    links = {"related": LinkTargets(translation_keys=[change.documents[0].translation_key])}
    for _ in range(3):
        await desk.create(links=links)
    for method in LISTS:
        asked = request(method, {}, known)
        asked.page_size = 100
        if "min_record_number" in asked.DESCRIPTOR.fields_by_name:
            asked.min_record_number = (await desk.record())[-1].number
        first = items(method, await part(service, method, asked, desk.admin))
        assert len(first) > 1, method.name
        assert len(first) == len(set(first)), method.name
        asked.page_size = max(1, len(first) // PARTS)
        seen: list[str] = []
        while not seen or asked.page_token:
            answer = await part(service, method, asked, desk.admin)
            seen += items(method, answer)
            asked.page_token = answer.next_page_token
            if asked.page_token:
                await change.all()
        assert not set(first) - set(seen), method.name


async def part(service: Service, method: MethodDescriptor, asked: Any, caller: Person) -> Any:
    answer = await answered(service, method, asked, caller)
    assert answer.code is grpc.StatusCode.OK, method.name
    return GetMessageClass(method.output_type).FromString(answer.said)
