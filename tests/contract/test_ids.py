"""What another organisation has is as absent as what nobody has: every method, every field that takes an id (Z2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from tests.contract.asking import Answer, Ids, answered, ids, is_read, is_update, request
from tests.contract.office import Office, allow_guides
from tests.contract.test_contract import methods
from tests.service import Service
from tests.soak import rounds

REFUSED = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}
CENTRAL = {"CreateOrganisation", "UpdateOrganisation", "ReservePath", "ReleasePath", "EraseAccount", "SetFileQuota"}
"""What no role in one organisation lets anybody do, whatever the id."""
EXCEPT = {
    "ListPages": "shows what is public, whoever asks",
    "ListTranslationGaps": "shows what is published alone, which an office has none of; tests/content/test_translations.py",
    "GetOrganisation": "organisations are known to all who are signed in",
    "ListReferences": "tells of a file only what refers to it and may be read; tests/content/test_references.py",
    "UpdateMe": "is about the caller, whatever id the account in the request has",
    "BatchGetDocuments": "answers for each id by itself; tests/content/test_batches.py",
    "UploadFileContent": "takes no body but one that came through Envoy; tests/files/test_http.py",
    "ReplaceFileContent": "takes no body but one that came through Envoy; tests/files/test_replacing.py",
    "translation_key": "is chosen by who creates a document: that it is taken cannot be kept secret",
    "document.source_document_id": "is set by the server",
    "source_document_id": "is one of a document's own translations, or absent; tests/content/test_translations.py",
    "comment.account_id": "is set by the server",
    "comment.resolver_id": "is set by the server",
    "attachments": "are looked up when the document is published",
    "file.organisation_id": "is read by imports that restore, which are for who may import for all organisations",
}


def naming(method: MethodDescriptor) -> list[str]:
    """The method's fields that name what there is already. Of a resource it is the id if the method changes it, and else the
    other ids."""
    paths = [(path, path.rpartition(".")[2]) for path in ids(method.input_type) if method.name not in EXCEPT]
    paths = [(path, name) for path, name in paths if not EXCEPT.keys() & {path, name}]
    return [path for path, name in paths if (path == name or is_update(method) == (name == "id"))]


def known(office: Office) -> Iterator[Ids]:
    """What a request says beside: `id` may be that of anything the office has."""
    for name in (
        "organisation_id",
        "person_id",
        "account_id",
        "api_key_id",
        "document_id",
        "file_id",
        "comment_id",
        "preview_link_id",
    ):
        yield {**office.things, "id": office.things[name]}


def different(method: MethodDescriptor, path: str, known: Iterable[Ids]) -> list[Ids]:
    """Of these the first, and those whose `id` such a request says: the others make no other request."""
    first, *others = known
    nobody = str(uuid.UUID(int=0))
    said = {each["id"]: request(method, {path: nobody}, each).SerializeToString() for each in others}
    return [first, *(each for each in others if each["id"].encode() in said[each["id"]])]


def of_kind(path: str, things: Ids) -> list[tuple[str, str]]:
    """All of them with their kinds, those first after which the field is named."""
    return sorted(things.items(), key=lambda thing: thing[0] != path.rpartition(".")[2])


@pytest.mark.parametrize("name", sorted({method.containing_service.name for method in methods() if naming(method)}))
@rounds(2, 100, "kinds")
async def test_others_things_are_as_absent_as_nobodys(service: Service, name: str, kinds: int) -> None:
    """To the admin of one organisation, the id of anything that another has is answered, byte for byte, like a random one; the
    other's own admin finds it. Where a request can name one thing in a field and another beside it, so many kinds of things are
    named in the field."""
    await allow_guides(service)
    ours, theirs, changed = [await Office.opened(service) for _ in range(3)]
    for method, path in [(each, path) for each in methods() if each.containing_service.name == name for path in naming(each)]:
        what = method.name, path
        besides = different(method, path, known(ours))
        things = of_kind(path, theirs.things) if len(besides) == 1 else of_kind(path, theirs.things)[:kinds]
        for beside in besides:
            nobodys = await answered(service, method, request(method, {path: str(uuid.uuid4())}, beside), ours.admin)
            assert nobodys.code in REFUSED or (is_read(method) and nobodys == (grpc.StatusCode.OK, b"")), (what, nobodys)
            for kind, id in things:
                assert await answered(service, method, request(method, {path: id}, beside), ours.admin) == nobodys, (what, kind)
        own = theirs if is_read(method) else changed
        if method.name not in CENTRAL and not await is_found(service, method, path, own, nobodys):
            changed = await Office.opened(service)  # what there was has been ended or taken away by now
            assert await is_found(service, method, path, changed, nobodys), what


async def is_found(service: Service, method: MethodDescriptor, path: str, office: Office, nobodys: Answer) -> bool:
    """Whether one of the office's own ids is answered otherwise to the office's own admin."""
    for beside in different(method, path, known(office)):
        for id in office.things.values():
            answer = await answered(service, method, request(method, {path: id}, beside), office.admin)
            if answer.code not in {*REFUSED, grpc.StatusCode.UNAUTHENTICATED} and answer != nobodys:
                return True
    return False


def test_what_is_excepted_is_there() -> None:
    """No exception has outlived what it was made for."""
    named = {method.name for method in methods()}
    paths = {path for method in methods() for path in ids(method.input_type)}
    named |= paths | {path.rpartition(".")[2] for path in paths}
    assert {*EXCEPT, *CENTRAL} <= named
