"""All tables of the service, for Alembic. Importing this module is what makes the metadata whole."""

from __future__ import annotations

from server.database import Model

metadata = Model.metadata
