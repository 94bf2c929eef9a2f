"""Organisations: the departments that publish here, and the parts of the site that are theirs.

- **slug**: an organisation's short name, for good.
- **path prefix**: a part of the site that is one organisation's own: a path, and all below it. Of several that cover a path,
  the longest counts.
- **reservation**: what makes a prefix one organisation's.
- **owner**: the organisation whose reservation counts for a path.
"""

from server.organisations.failures import OrganisationNotFound
from server.organisations.finding import by_slug, existing, existing_names, slugs
from server.organisations.paths import OthersUse, may_use

__all__ = ["OrganisationNotFound", "OthersUse", "by_slug", "existing", "existing_names", "may_use", "slugs"]
