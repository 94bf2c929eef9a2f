"""All tables of the service, for Alembic. Importing this module is what makes the metadata whole."""

from __future__ import annotations

import server.audit.models
import server.auth.models
import server.content.models
import server.delivery.models
import server.files.models
import server.mail.models
import server.organisations.models
import server.record.models  # noqa: F401 - each puts its tables into the metadata
from server.stores.postgres import Model

metadata = Model.metadata
