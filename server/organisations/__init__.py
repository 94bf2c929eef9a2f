"""Organisations: the departments that publish here, and the parts of the site that are theirs.

- **path prefix**: a part of the site that is one organisation's own. Of several that cover a path, the longest counts.
- **reservation**: what makes a prefix one organisation's.
"""

from server.organisations.paths import may_use

__all__ = ["may_use"]
