"""The tables of content, by what they are about."""

from server.content.models.beside import ChangeNote, Comment, PreviewLink, Review, Schedule
from server.content.models.documents import PUBLISH_TIME_KEY, Document, Revision, is_there
from server.content.models.references import Reference, Refresh
from server.content.models.types import ContentType, ContentTypeVersion

__all__ = [
    "PUBLISH_TIME_KEY",
    "ChangeNote",
    "Comment",
    "ContentType",
    "ContentTypeVersion",
    "Document",
    "PreviewLink",
    "Reference",
    "Refresh",
    "Review",
    "Revision",
    "Schedule",
    "is_there",
]
