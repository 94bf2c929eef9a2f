"""How a file stands, as conditions of SQL: whether anybody may have it, and whether a page has it now."""

from __future__ import annotations

from sqlalchemy import and_, case, exists

from gazette.files.v1.file_pb2 import FileState
from server.files.models import File, PageFile

IS_THERE = and_(File.state == FileState.FILE_STATE_READY, File.delete_time.is_(None))
"""Whether its bytes can be had by those who may: nothing else is published, served or exported."""
DELETED = 0
"""How a file that was deleted stands, which is none of the contract's states."""
STANDING = case((File.delete_time.is_(None), File.state), else_=DELETED).label("standing")
"""Its state, unless it was deleted."""
IS_PUBLIC = exists().where(PageFile.file_id == File.id).label("is_public")
"""Whether a page has it now. It is asked each time, so nothing has to hear of what became of pages."""
