"""`gazette keys`."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from server.auth.api_keys import rules as api_key_rules
from tests.auth.stored import events
from tests.command_line import run
from tests.refusals import refused
from tests.service import Service


async def json_of(service: Service, *arguments: str) -> Any:
    result = await run(service, "keys", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def crawler(service: Service) -> str:
    """The id of a new service account."""
    made = await json_of(service, "create-account", "--name", "crawler", "--role", "reader", "--all-organisations")
    return str(made["id"])


async def whose(service: Service, key: str) -> str:
    metadata = (("authorization", f"Bearer {key}"),)
    return (await AuthServiceStub(service.channel).GetMe(GetMeRequest(), metadata=metadata)).account.id


async def test_a_key_from_its_making_to_its_end(service: Service) -> None:
    """An account, a key that works, the list, its successor, and the end, which a running server feels."""
    account_id = await crawler(service)
    scopes = ("--scope", "documents_read", "--scope", "files_read")
    result = await run(service, "keys", "create", "--account", account_id, "--name", "first", *scopes)
    key = result.output.strip()
    assert await whose(service, key) == account_id

    replaced = ("--replaces", str(api_key_rules.id_of(key)))
    made = await json_of(service, "create", "--account", account_id, "--name", "second", "--days", "30", *scopes, *replaced)
    assert made["apiKey"]["scopes"] == ["PERMISSION_DOCUMENTS_READ", "PERMISSION_FILES_READ"]
    assert await whose(service, made["key"]) == account_id
    listed = await json_of(service, "list", "--account", account_id)
    assert [each["name"] for each in listed] == ["second", "first"]
    assert listed[1]["expireTime"] < listed[0]["expireTime"]
    assert made["key"] not in json.dumps(listed)

    ended = await json_of(service, "revoke", "--account", account_id, made["apiKey"]["id"])
    assert ended["revokeTime"]
    assert (await refused(whose(service, made["key"]))).reason == "INVALID_API_KEY"
    result = await run(service, "keys", "list", "--account", account_id)
    assert [line.split()[2] for line in result.output.splitlines()] == ["revoked", "until"]
    assert [event.details["by"] for event in await events(service, "api_key.create")] == ["cli", "cli"]


async def test_a_generated_key_is_stored_nowhere(service: Service) -> None:
    """`keys generate` needs no database, and prints a key that nobody has yet."""
    result = await run(service, "keys", "generate")
    assert api_key_rules.id_of(result.output.strip()).version == 7
    assert (await refused(whose(service, result.output.strip()))).reason == "INVALID_API_KEY"
    assert api_key_rules.id_of((await json_of(service, "generate"))["key"]).version == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "--account", str(uuid.UUID(int=1)), "--name", "a", "--scope", "files_read"), "There is no such account."),
        (("list", "--account", str(uuid.UUID(int=1))), "There is no such account."),
        (("create-account", "--name", " ", "--role", "reader", "--all-organisations"), "name: "),
        (("create-account", "--name", "a", "--role", "reader"), "Say where the role holds"),
        (("create-account", "--name", "a", "--role", "reader", "--organisation", "none"), "There is no organisation 'none'"),
        (("create", "--account", "one", "--name", "a", "--scope", "files_read"), "is not a valid UUID"),
        (("create", "--account", str(uuid.UUID(int=1)), "--name", "a", "--scope", "everything"), "is not one of"),
        (("create", "--account", str(uuid.UUID(int=1)), "--name", "a"), "Missing option '--scope'"),
    ],
    ids=["no-account", "nothing-to-list", "no-name", "nowhere", "no-organisation", "no-id", "no-such-scope", "no-scope"],
)
async def test_what_is_wrong_is_said(service: Service, arguments: tuple[str, ...], message: str) -> None:
    """A command that cannot be done says why in a line, and ends with an error."""
    result = await run(service, "keys", *arguments)
    assert result.exit_code != 0
    assert message in result.output


async def test_people_get_no_keys(service: Service) -> None:
    """The command line makes keys for services alone, too."""
    person = await service.account()
    result = await run(service, "keys", "create", "--account", person.id, "--name", "a", "--scope", "files_read")
    assert (result.exit_code, result.output) == (1, "Error: Only service accounts have API keys.\n")
