"""The call that the running task answers, for what writes logs and the audit. All else is handed the call."""

from __future__ import annotations

from contextvars import ContextVar

from server.rpc.call import Call

_current: ContextVar[Call] = ContextVar("call")
enter = _current.set


def current() -> Call:
    """The call that the running task answers. Raises LookupError outside of one."""
    return _current.get()


def is_answering() -> bool:
    return _current.get(None) is not None
