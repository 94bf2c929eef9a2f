"""Where stages were, before examinations had them."""

from server.files.examining.stages import Stage, Way

__all__ = ["Stage", "Way"]
