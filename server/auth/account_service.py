"""AccountService: looking after accounts. Each part has a module of its own."""

from __future__ import annotations

from dataclasses import dataclass

from gazette.auth.v1.account_service_pb2_grpc import AccountServiceServicer
from server.auth.administration.granting import Granting
from server.auth.administration.service import Administration
from server.auth.api_keys.service import ApiKeys


@dataclass(frozen=True)
class AccountService(Administration, Granting, ApiKeys, AccountServiceServicer):
    """All parts together."""
