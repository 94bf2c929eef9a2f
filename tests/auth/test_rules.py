"""What each role may do, and which passwords, addresses and names will do."""

from __future__ import annotations

import uuid

import pytest

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server.auth import failures, permissions
from server.auth.accounts import rules as account_rules
from server.auth.passwords import rules as password_rules
from server.rpc.caller import Caller
from server.rpc.failures import InvalidArgument

TRANSPORT, HEALTH = uuid.UUID(int=1), uuid.UUID(int=2)

TABLE = {
    "READER": "DOCUMENTS_READ FILES_READ",
    "AUTHOR": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE",
    "EDITOR": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW DOCUMENTS_DELETE",
    "PUBLISHER": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW DOCUMENTS_DELETE"
    " DOCUMENTS_PUBLISH DOCUMENTS_FORCE",
    "ADMIN": "DOCUMENTS_READ FILES_READ DOCUMENTS_WRITE FILES_WRITE DOCUMENTS_REVIEW DOCUMENTS_DELETE"
    " DOCUMENTS_PUBLISH DOCUMENTS_FORCE"
    " DOCUMENTS_IMPORT DOCUMENTS_VANISH DOCUMENTS_OVERRIDE CONTENT_TYPES_WRITE ORGANISATIONS_WRITE SYSTEM_READ"
    " ACCOUNTS_READ ACCOUNTS_WRITE"
    " AUDIT_READ",
}


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("permission", [name for name, number in Permission.items() if number])
def test_each_role_has_its_permissions_and_no_other(role: str, permission: str) -> None:
    """The table of roles and permissions is this one, cell by cell."""
    held = permissions.permissions([(Role.Value(f"ROLE_{role}"), None)])
    expected = permission.removeprefix("PERMISSION_") in TABLE[role].split()
    assert (Permission.Value(permission) in held) is expected


def test_every_role_is_in_the_table() -> None:
    """A role that the contract declares has permissions here."""
    assert set(permissions.ROLE_PERMISSIONS) == {number for number in Role.values() if number}


def test_a_grant_holds_where_it_was_given() -> None:
    """An editor of one organisation reviews there and nowhere else."""
    caller = Caller(permissions=permissions.permissions([(Role.ROLE_EDITOR, TRANSPORT), (Role.ROLE_READER, HEALTH)]))
    assert caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW, TRANSPORT)
    assert not caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW, HEALTH)
    assert not caller.may(Permission.PERMISSION_DOCUMENTS_REVIEW)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) == frozenset({TRANSPORT, HEALTH})


def test_a_grant_for_all_covers_every_organisation() -> None:
    """A grant for all organisations holds in each, whatever other grants there are."""
    caller = Caller(permissions=permissions.permissions([(Role.ROLE_READER, TRANSPORT), (Role.ROLE_AUTHOR, None)]))
    assert caller.may(Permission.PERMISSION_DOCUMENTS_READ, HEALTH)
    assert caller.organisations(Permission.PERMISSION_DOCUMENTS_READ) is None


def test_the_admin_of_one_organisation_has_no_say_over_all() -> None:
    """What concerns every organisation does not come with a grant for one of them."""
    held = permissions.permissions([(Role.ROLE_ADMIN, TRANSPORT)])
    assert Permission.PERMISSION_DOCUMENTS_IMPORT in held
    assert not held.keys() & permissions.CENTRAL_PERMISSIONS


def test_an_unknown_role_permits_nothing() -> None:
    """A role of a later release is worth nothing to this one."""
    assert permissions.permissions([(99, None)]) == {}


def test_only_the_grants_that_matter_are_kept() -> None:
    """A lower role beside a higher one, or under one for all organisations, adds nothing."""
    grants = [
        (Role.ROLE_READER, TRANSPORT),
        (Role.ROLE_EDITOR, TRANSPORT),
        (Role.ROLE_READER, None),
        (Role.ROLE_READER, HEALTH),
    ]
    assert permissions.fewest(grants) == [(Role.ROLE_EDITOR, TRANSPORT), (Role.ROLE_READER, None)]
    assert permissions.permissions(permissions.fewest(grants)) == permissions.permissions(grants)


@pytest.mark.parametrize(
    "password",
    [
        "zqvkx mwplyt",
        "".join(chr(0x4E00 + 37 * each % 4099) for each in range(128)),
        "пароль из слов",
        "🔐🔑🧷📎🧵🪡🧶🪢🎀🧲🪛🔧",
    ],
)
def test_a_long_password_of_any_characters_will_do(password: str) -> None:
    """Between 12 and 128 code points are enough, without rules of composition."""
    password_rules.check_password(password, "ada@example.gov", "Ada Byron")


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
    with pytest.raises(failures.WeakPassword):
        password_rules.check_password(password, "ada@example.gov", "Ada Byron")


@pytest.mark.parametrize(
    "email",
    ["e\u0301@example.gov", "ada@\uff25xample.gov", "ada@example\u3002gov.fj", "ada@www.example\uff61gov"],
    ids=["decomposed", "wide", "ideographic-stop", "half-wide-stop"],
)
def test_an_address_is_written_in_one_way(email: str) -> None:
    """What mail servers would take for another address that is written otherwise is refused: one mailbox, one account."""
    with pytest.raises(InvalidArgument):
        account_rules.check_account(email, "Ada")
    account_rules.check_account("\u00e9@example.gov", "Ada")


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.gov", "ada@gov", "a da@example.gov", "ada@example.gov\n", "a@b@c.d"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    """An account's address must look like one."""
    with pytest.raises(InvalidArgument) as caught:
        account_rules.check_account(email, "Ada")
    assert [violation.field for violation in caught.value.violations] == ["email"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "Ada\nAdmin", "Ada\x1b[31m"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """A name is one line that can be printed."""
    with pytest.raises(InvalidArgument) as caught:
        account_rules.check_account("ada@example.gov", name)
    assert [violation.field for violation in caught.value.violations] == ["name"]
