"""Entries as the contract's messages."""

from __future__ import annotations

from gazette.record.v1.record_entry_pb2 import RecordEntry, RecordEntryBody
from server.rpc.messages import message
from server.stores.postgres import AnyRow


def entry(row: AnyRow) -> RecordEntry:
    return message(RecordEntry, row, body=RecordEntryBody.FromString(row.body_bytes))
