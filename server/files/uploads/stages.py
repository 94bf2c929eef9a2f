"""Where stages were."""

from server.files.stages import Stage, Way

__all__ = ["Stage", "Way"]
