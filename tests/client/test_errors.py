"""What failures say."""

from __future__ import annotations

import pickle
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, PreconditionFailure, RequestInfo, RetryInfo

from gazette.content.v1.merging_pb2 import EditConflict, Editor
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client import errors
from gazette_client.errors import FieldViolation, GazetteError, Precondition, failure
from tests.client.conftest import Clients
from tests.client.scripted import Server

PERMANENT = [
    each for each in grpc.StatusCode if each not in {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
]


@pytest.mark.parametrize("code", PERMANENT, ids=lambda code: code.name)
async def test_each_status_has_its_class(clients: Clients, scripted: Server, code: grpc.StatusCode) -> None:
    """The class stands for the code, and everything is a grpc.RpcError that answers as gRPC's own do."""
    scripted.fails("GetPage", failure(code, "SOME_REASON", "Some words."))
    async with clients.opened(email="", password="") as client:
        with pytest.raises(grpc.RpcError) as caught:
            await clients.call(client.delivery.GetPage, GetPageRequest())

    error: Any = caught.value
    assert type(error) is errors.BY_CODE.get(code, GazetteError)
    assert (error.code(), error.details(), error.reason, error.message) == (code, "Some words.", "SOME_REASON", "Some words.")


async def test_details_are_told(clients: Clients, client: Any, scripted: Server) -> None:
    """Fields, request id and delay of the server's answer are attributes of the error."""
    bad = BadRequest(field_violations=[BadRequest.FieldViolation(field="document.title", description="is empty")])
    details = (bad, RequestInfo(request_id="af01"), RetryInfo(retry_delay=Duration(seconds=2)))
    scripted.fails("GetPage", failure(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS", "Not so.", *details))

    with pytest.raises(errors.InvalidArgument) as caught:
        await clients.call(client.delivery.GetPage, GetPageRequest())

    error = caught.value
    assert error.field_violations == (FieldViolation("document.title", "is empty"),)
    assert (error.request_id, error.retry_after) == ("af01", 2.0)
    assert str(error) == "INVALID_ARGUMENT INVALID_DETAILS: Not so. (request af01)"
    assert error.__cause__ is None


def test_a_stale_etag_has_a_class_of_its_own() -> None:
    """Whoever saves over somebody else's work can catch just that."""
    assert type(failure(grpc.StatusCode.ABORTED, "STALE_ETAG", "Changed.")) is errors.StaleEtag
    assert type(failure(grpc.StatusCode.ABORTED, "OTHER", "Changed.")) is errors.Aborted


def test_what_stands_in_the_way_is_told() -> None:
    """Each condition that is not met, also where two details of the answer name some; none of what is refused otherwise."""
    unmet = [PreconditionFailure(), PreconditionFailure()]
    for detail, reason in zip(unmet, ("BLOCKING_COMMENTS", "NOT_APPROVED"), strict=True):
        detail.violations.add(type=reason, subject="draft", description="Not yet.")

    error = failure(grpc.StatusCode.FAILED_PRECONDITION, "BLOCKING_COMMENTS", "Not yet.", *unmet)

    wanted = (Precondition("BLOCKING_COMMENTS", "draft", "Not yet."), Precondition("NOT_APPROVED", "draft", "Not yet."))
    assert error.preconditions == wanted
    assert failure(grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND", "None.").preconditions == ()


@pytest.mark.parametrize(("reason", "kind"), [("STALE_ETAG", errors.StaleEtag), ("MERGE_CONFLICT", errors.MergeConflict)])
def test_who_saved_meanwhile_is_told(reason: str, kind: type[GazetteError]) -> None:
    """A save that came too late has its class, and who came before and what differs as the contract has it."""
    said = EditConflict(given_etag="1", current_etag="2", saved_by=[Editor(display_name="Ada")], fields=["body"])

    error = failure(grpc.StatusCode.ABORTED, reason, "Changed.", said)

    assert type(error) is kind
    assert error.edit_conflict == said
    assert failure(grpc.StatusCode.ABORTED, "OTHER", "Changed.").edit_conflict is None


def test_an_error_can_be_pickled() -> None:
    """It passes between processes whole."""
    error = failure(grpc.StatusCode.ABORTED, "STALE_ETAG", "Changed.")

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.reason, str(copy)) == (errors.StaleEtag, "STALE_ETAG", str(error))


def test_a_status_that_cannot_be_read_is_none() -> None:
    """Details that are no google.rpc.Status do not hide the failure itself."""
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", b"\xff\xff"), ("other", "x"))

    error = errors.typed(grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, None, trailing, "There is none."))

    assert (type(error), error.reason, error.message) == (errors.NotFound, "", "There is none.")
