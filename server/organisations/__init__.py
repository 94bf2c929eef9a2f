"""Organisations: the departments that publish here, and the parts of the site that are theirs.

- **slug**: an organisation's short name, for good.
- **path prefix**: a part of the site that is one organisation's own: a path, and all below it. Of several that cover a path,
  the longest counts.
- **reservation**: what makes a prefix one organisation's.
- **owner**: the organisation whose reservation counts for a path.
- **generation**: how often reservations have changed.
"""

from server.organisations.failures import OrganisationNotFound
from server.organisations.finding import by_slug, existing, existing_names, slugs
from server.organisations.paths import OthersUse
from server.organisations.queries import ARE_UNCHANGED, CHANNEL
from server.organisations.reservations import Reservations, read_reservations
from server.organisations.restoring import all_of_them, restore

__all__ = [
    "ARE_UNCHANGED",
    "CHANNEL",
    "OrganisationNotFound",
    "OthersUse",
    "Reservations",
    "all_of_them",
    "by_slug",
    "existing",
    "existing_names",
    "read_reservations",
    "restore",
    "slugs",
]
