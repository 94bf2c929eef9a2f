"""The module of messages, and what they can be made with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.json_format import MessageToDict

from gazette_client import messages
from gazette_client.messages import CreateApiKeyRequest, Document, FileState, ListDocumentsRequest
from tests.client.test_methods import PROTO


def ours() -> list[Any]:
    """The messages and enums of the contract."""
    kinds = [getattr(messages, name) for name in messages.__all__]
    return [kind for kind in kinds if kind.DESCRIPTOR.full_name.startswith("gazette.")]


def test_one_module_has_all_messages() -> None:
    """Every message and enum of the contract can be imported from `gazette_client.messages`, under its own name."""
    pool = descriptor_pool.Default()
    files = [pool.FindFileByName(str(path.relative_to(PROTO))) for path in PROTO.rglob("*.proto")]
    known = {
        name: kind for file in files for name, kind in (*file.message_types_by_name.items(), *file.enum_types_by_name.items())
    }

    assert {kind.DESCRIPTOR.name: kind.DESCRIPTOR for kind in ours()} == known
    assert {"Timestamp", "FieldMask", "Struct", "HttpBody"} <= set(messages.__all__)
    assert messages.__all__ == sorted(set(messages.__all__))
    assert messages.DocumentView.Value("DOCUMENT_VIEW_FULL") == messages.DocumentView.DOCUMENT_VIEW_FULL


def test_messages_take_pythons_own_values() -> None:
    """A moment, a span of time and a dict do where the contract has a Timestamp, a Duration and a Struct, as the stubs say."""
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    asked = ListDocumentsRequest(updated_since_time=moment)
    document = Document(details={"harbour": {"depth": 3}})
    rotation = CreateApiKeyRequest(overlap=timedelta(hours=1))

    assert asked.updated_since_time.ToDatetime(tzinfo=UTC) == moment
    assert MessageToDict(document.details) == {"harbour": {"depth": 3}}
    assert rotation.overlap.ToTimedelta() == timedelta(hours=1)
    assert FileState.Name(FileState.FILE_STATE_READY) == "FILE_STATE_READY"
