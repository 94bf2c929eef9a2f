"""A worker process without the access check: `python -m bench.unchecked ACCOUNT`. Only here can it be switched off.

Everybody is the account of that id, with all permissions, and the interceptors that find out who calls and what they may do are
not there.
"""

from __future__ import annotations

import sys
import uuid

from gazette.auth.v1.account_pb2 import Role
from server import access, calls, worker
from server.auth import rules
from server.calls import Handler, Interceptor, Method


def main(account_id: str) -> int:
    permissions = rules.permissions([(Role.ROLE_ADMIN, None)])
    everybody = access.Caller(uuid.UUID(account_id), uuid.UUID(int=0), permissions=permissions)
    calls.ANONYMOUS = everybody  # type: ignore[attr-defined]
    access.identifying = absent
    access.authorizing = passed
    return worker.main(0)


def absent(authenticator: access.Authenticator) -> Interceptor:
    return passed


def passed(method: Method, handler: Handler) -> Handler:
    return handler


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
