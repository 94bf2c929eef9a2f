"""Which sessions have ended, and what the use of an old refresh token means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from server.auth.sessions import rules
from server.auth.sessions.rules import Use

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
LEEWAY = timedelta(seconds=10)


def session(**changed: datetime) -> SimpleNamespace:
    """A living session whose counter grew five seconds ago."""
    return SimpleNamespace(
        **{
            "counter": 5,
            "rotate_time": NOW - timedelta(seconds=5),
            "idle_expire_time": NOW + timedelta(days=7),
            "absolute_expire_time": NOW + timedelta(days=30),
            "revoke_time": None,
            **changed,
        }
    )


def test_the_token_before_the_newest_is_answered_again_in_the_leeway() -> None:
    """Two tabs that refresh at once are no theft."""
    assert rules.use(session(), 4, NOW, LEEWAY) is Use.AGAIN
    assert rules.use(session(rotate_time=NOW - LEEWAY), 4, NOW, LEEWAY) is Use.AGAIN
    assert rules.use(session(rotate_time=NOW + timedelta(milliseconds=1)), 4, NOW, LEEWAY) is Use.AGAIN


def test_an_older_token_is_stolen() -> None:
    """After the leeway, without one, or two steps behind, an old refresh token is a theft."""
    assert rules.use(session(rotate_time=NOW - LEEWAY - timedelta(milliseconds=1)), 4, NOW, LEEWAY) is Use.STOLEN
    assert rules.use(session(rotate_time=NOW), 4, NOW, timedelta(0)) is Use.STOLEN
    assert rules.use(session(), 3, NOW, LEEWAY) is Use.STOLEN


def test_a_token_from_the_future_is_forged() -> None:
    """A counter that was never reached was not signed by this service."""
    assert rules.use(session(), 6, NOW, LEEWAY) is Use.FORGED


@pytest.mark.parametrize("name", ["revoke_time", "idle_expire_time", "absolute_expire_time"])
def test_an_ended_session_answers_nothing(name: str) -> None:
    """Neither revoked nor expired sessions go on, whichever token comes."""
    for counter in (3, 4, 5, 6):
        assert rules.use(session(**{name: NOW}), counter, NOW, LEEWAY) is Use.OF_ENDED_SESSION
    assert rules.use(None, 0, NOW, LEEWAY) is Use.OF_ENDED_SESSION
