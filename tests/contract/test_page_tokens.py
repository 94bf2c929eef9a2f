"""Page tokens of every list: of use to the same caller, for the same query, for a day, and not with one bit changed (Z4)."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import grpc
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.document_pb2 import LinkTargets
from server.rpc.lists.paging import LIFETIME, NO_FILTER, SIGNATURE_BYTES, Paging
from server.rpc.methods import access_rule
from server.rpc.requests.settling import settle
from server.rpc.requests.validation import validator
from tests.content.desk import Desk
from tests.content.reviewing import comment
from tests.content.revising import preview_link
from tests.contract.asking import answered, is_read, request
from tests.contract.office import Office, new_key, two_versions
from tests.contract.test_contract import methods
from tests.service import Person, Service

OTHER_TEXTS = (str(uuid.uuid4()), "account.create", "cy", "fr", "create_time", "publish_time", "/other")
LISTS = [method for method in methods() if "page_token" in method.input_type.fields_by_name and is_read(method)]


async def two_of_each(service: Service) -> tuple[Person, dict[str, str]]:
    """Who sees two of whatever is listed, and the ids that lists ask for."""
    desk = await Desk.opened(service)
    speech = await desk.content_type(desk.kind("speech"))
    await desk.change_content_type(speech, title="Speech")
    published = [await desk.published() for _ in range(2)]
    draft = await desk.update(published[0], title="Another title", body=f"[a](/b) [c]({published[1].path})")
    for _ in range(2):
        await preview_link(desk, draft)
    await desk.create(locale="fr", translation_key=published[0].translation_key)
    for text in ("Why?", "So."):
        await comment(desk, published[0], text)
    links = {"related": LinkTargets(translation_keys=[published[0].translation_key])}
    for _ in range(2):
        await desk.create(links=links)
    office = await Office.opened(service)
    await new_key(service, office.admin, office.things["account_id"])
    await service.sign_in(desk.admin.email)
    replaced = await two_versions(service, desk.admin, desk.organisation_id)
    return desk.admin, {**office.things, "document_id": published[0].id, "name": speech.name, "id": replaced}


def other_queries(asked: Any) -> Iterator[Any]:
    """The same request with each of its filters changed."""
    for field in asked.DESCRIPTOR.fields:
        if field.name in NO_FILTER:
            continue
        for value in OTHER_TEXTS if field.type == FieldDescriptor.TYPE_STRING else (1, 2):
            other = type(asked)()
            other.CopyFrom(asked)
            if field.message_type:
                getattr(other, field.name).SetInParent()
            else:
                setattr(other, field.name, value)
            if other != asked and not settle(other) and not validator.collect_violations(other):
                yield other
                break
        else:
            raise AssertionError(f"no other {field.full_name} to ask for")


def changed(token: str) -> Iterator[str]:
    """The token with each byte of it changed, in its bytes and in its text, cut short, and with more than there was."""
    raw = base64.urlsafe_b64decode(token)
    for place, byte in enumerate(raw):
        yield base64.urlsafe_b64encode(raw[:place] + bytes([byte ^ 1]) + raw[place + 1 :]).decode()
    for place, letter in enumerate(token):
        yield token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
    yield from (base64.urlsafe_b64encode(each).decode() for each in (raw[:-1], raw[1:], raw + b"\0", raw[:SIGNATURE_BYTES]))
    yield from (token.rstrip("=") + "====", token + "A", f" {token}", "x")


def aged(service: Service, asked: Any, caller_id: str, seconds: float) -> str:
    """The request's token as it was given out some time ago."""
    _, *position = json.loads(base64.urlsafe_b64decode(asked.page_token)[SIGNATURE_BYTES:])
    past = Paging(Paging.from_secrets(service.settings.jwt_secret).keys, now=lambda: time.time() - seconds)
    return past.token(asked, caller_id, *position)


async def is_refused(service: Service, method: MethodDescriptor, query: Any, token: str, caller: Person) -> bool:
    """Whether the query is refused for its page token."""
    again = type(query)()
    again.CopyFrom(query)
    again.page_token = token
    answer = await answered(service, method, again, caller)
    if answer.code is grpc.StatusCode.OK:
        return False
    info = error_details_pb2.ErrorInfo()
    status_pb2.Status.FromString(answer.said).details[0].Unpack(info)
    assert (answer.code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"), (method.name, token)
    return True


async def test_tokens_are_bound(service: Service) -> None:
    """Of each list, the token leads on; with any byte changed, from another caller, for another query or list, and after a day
    it is refused."""
    caller, known = await two_of_each(service)
    stranger = await service.account(role=Role.ROLE_ADMIN)
    tokens: dict[str, str] = {}
    for method in LISTS:
        asked = request(method, {}, known)
        asked.page_size = 1
        first = await answered(service, method, asked, caller)
        listed: Any = GetMessageClass(method.output_type).FromString(first.said)
        asked.page_token = tokens[method.name] = listed.next_page_token
        assert asked.page_token, f"{method.name} has too little to list"
        second = await answered(service, method, asked, caller)
        assert second.code is grpc.StatusCode.OK
        assert second.said != first.said

        refused = partial(is_refused, service, method)
        for token in changed(asked.page_token):
            assert await refused(asked, token, caller), (method.name, token)
        for other in other_queries(asked):
            assert await refused(other, asked.page_token, caller), (method.name, other)
        is_public = access_rule(method).public
        assert is_public or await refused(asked, asked.page_token, stranger), method.name
        caller_id = "" if is_public else caller.id
        assert not await refused(asked, aged(service, asked, caller_id, LIFETIME - 60), caller), method.name
        assert await refused(asked, aged(service, asked, caller_id, LIFETIME + 5), caller), method.name
        for name, token in tokens.items():
            assert name == method.name or await refused(asked, token, caller), (method.name, name)
