"""What each role may do, which passwords will do, and what the use of an old refresh token means."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.access import Caller
from server.auth import rules
from server.auth.rules import Use
from server.errors import InvalidArgument

TRANSPORT, HEALTH = uuid.UUID(int=1), uuid.UUID(int=2)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
LEEWAY = timedelta(seconds=10)

TABLE = {
    "READER": "DOCUMENTS_READ FILES_READ",
    "AUTHOR": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE",
    "EDITOR": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW",
    "PUBLISHER": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW DOCUMENTS_PUBLISH",
    "ADMIN": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW DOCUMENTS_PUBLISH"
    " DOCUMENTS_IMPORT CONTENT_TYPES_WRITE ORGANISATIONS_WRITE SYSTEM_READ ACCOUNTS_READ ACCOUNTS_WRITE AUDIT_READ",
}


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("permission", [name for name, number in Permission.items() if number])
def test_each_role_has_its_permissions_and_no_other(role: str, permission: str) -> None:
    """The table of roles and permissions is this one, cell by cell."""
    held = rules.permissions([(Role.Value(f"ROLE_{role}"), None)])
    expected = permission.removeprefix("PERMISSION_") in TABLE[role].split()
    assert (Permission.Value(permission) in held) is expected


def test_every_role_is_in_the_table() -> None:
    """A role that the contract declares has permissions here."""
    assert set(rules.ROLE_PERMISSIONS) == {number for number in Role.values() if number}


def test_a_grant_holds_where_it_was_given() -> None:
    """An editor of one organisation reviews there and nowhere else."""
    caller = Caller(permissions=rules.permissions([(Role.ROLE_EDITOR, TRANSPORT), (Role.ROLE_READER, HEALTH)]))
    assert caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW, TRANSPORT)
    assert not caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW, HEALTH)
    assert not caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) == frozenset({TRANSPORT, HEALTH})


def test_a_grant_for_all_covers_every_organisation() -> None:
    """A grant for all organisations holds in each, whatever other grants there are."""
    caller = Caller(permissions=rules.permissions([(Role.ROLE_READER, TRANSPORT), (Role.ROLE_AUTHOR, None)]))
    assert caller.may(Permission.PERMISSION_DOCUMENTS_READ, HEALTH)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) is None


def test_the_admin_of_one_organisation_has_no_say_over_all() -> None:
    """What concerns every organisation does not come with a grant for one of them."""
    held = rules.permissions([(Role.ROLE_ADMIN, TRANSPORT)])
    assert Permission.PERMISSION_DOCUMENTS_IMPORT in held
    assert not held.keys() & rules.CENTRAL_PERMISSIONS


def test_an_unknown_role_permits_nothing() -> None:
    """A role of a later release is worth nothing to this one."""
    assert rules.permissions([(99, None)]) == {}


def test_only_the_grants_that_matter_are_kept() -> None:
    """A lower role beside a higher one, or under one for all organisations, adds nothing."""
    grants = [
        (Role.ROLE_READER, TRANSPORT),
        (Role.ROLE_EDITOR, TRANSPORT),
        (Role.ROLE_READER, None),
        (Role.ROLE_READER, HEALTH),
    ]
    assert rules.fewest(grants) == [(Role.ROLE_EDITOR, TRANSPORT), (Role.ROLE_READER, None)]
    assert rules.permissions(rules.fewest(grants)) == rules.permissions(grants)


@pytest.mark.parametrize(
    "password", ["twelve chars", "".join(map(chr, range(0x4E00, 0x4E80))), "пароль из слов", "🔐🔑🧷📎🧵🪡🧶🪢🎀🧲🪛🔧"]
)
def test_a_long_password_of_any_characters_will_do(password: str) -> None:
    """Between 12 and 128 code points are enough, without rules of composition."""
    rules.check_password(password, "ada@example.gov", "Ada Byron")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * 129,
        "ﬃ" * 43,
        "e\N{COMBINING ACUTE ACCENT}" * 11,
        "Byron-lantern-7",
        "ｂｙｒｏｎ-lantern-7",
        "the-EXAMPLE-one",
    ],
)
def test_a_password_that_is_too_short_too_long_or_known_is_refused(password: str) -> None:
    """Length counts after NFKC, and the account's own words are refused however they are written."""
    with pytest.raises(rules.WeakPassword):
        rules.check_password(password, "ada@example.gov", "Ada Byron")


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.gov", "ada@gov", "a da@example.gov", "ada@example.gov\n", "a@b@c.d"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    """An account's address must look like one."""
    with pytest.raises(InvalidArgument) as caught:
        rules.check_account(email, "Ada")
    assert [violation.field for violation in caught.value.violations] == ["email"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "Ada\nAdmin", "Ada\x1b[31m"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """A name is one line that can be printed."""
    with pytest.raises(InvalidArgument) as caught:
        rules.check_account("ada@example.gov", name)
    assert [violation.field for violation in caught.value.violations] == ["name"]


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
