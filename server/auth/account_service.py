"""AccountService: looking after accounts. Each part has a module of its own."""

from __future__ import annotations

from dataclasses import dataclass

from server.auth.administration.granting import Granting
from server.auth.administration.service import Administration
from server.auth.api_keys.service import ApiKeys


@dataclass(frozen=True)
class AccountService(Administration, Granting, ApiKeys):
    """All parts together."""
