"""A worker process without the access check: `python -m bench.unchecked ACCOUNT`. Only here can it be switched off.

Everybody is the account of that id, with all permissions, and the interceptors that find out who calls and what they may do are
not there.
"""

from __future__ import annotations

import sys
import uuid

from gazette.auth.v1.account_pb2 import Role
from server import app, settings
from server.auth import permissions as role_permissions
from server.process import worker
from server.rpc import call, caller
from server.rpc.call import Handler, Interceptor
from server.rpc.identifying import Authenticator
from server.rpc.methods import Method


def main(account_id: str) -> int:
    permissions = role_permissions.permissions([(Role.ROLE_ADMIN, None)])
    everybody = caller.Caller(uuid.UUID(account_id), uuid.UUID(int=0), permissions=permissions)
    call.ANONYMOUS = everybody  # type: ignore[attr-defined]
    app.identifying = absent  # type: ignore[attr-defined]
    app.authorizing = passed  # type: ignore[attr-defined]
    return worker.main(settings.load(), 0, app.build)


def absent(authenticator: Authenticator) -> Interceptor:
    return passed


def passed(method: Method, handler: Handler) -> Handler:
    return handler


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
