"""`gazette organisations update`, `reserve` and `release`."""

from __future__ import annotations

import json
import uuid

import pytest
from sqlalchemy import select

from server.organisations import models
from tests.auth.stored import events, rows
from tests.command_line import run
from tests.content.desk import Desk
from tests.service import Service


async def test_an_organisation_gets_another_name(own_service: Service) -> None:
    """The command changes the name, and the audit knows that it came from the command line."""
    organisation_id = await own_service.organisation("transport")
    result = await run(own_service, "organisations", "update", "transport", "--name", "Transport and Roads")
    assert (result.exit_code, result.output) == (0, "transport is now Transport and Roads\n")
    (event,) = await events(own_service, "organisation.update")
    assert (event.target, event.actor_id, event.details["by"]) == (organisation_id, None, "cli")
    assert (event.details["before"], event.details["after"]) == ({"name": "Transport"}, {"name": "Transport and Roads"})


async def test_paths_are_reserved_listed_and_released(own_service: Service) -> None:
    """What is reserved is listed, in words and as JSON, and what is released is not."""
    organisation_id = await own_service.organisation("transport")
    result = await run(own_service, "organisations", "reserve", "transport", "transport/roads")
    assert (result.exit_code, result.output) == (0, "transport publishes under /transport/roads\n")
    result = await run(own_service, "organisations", "reserve", "transport", "buses", "--json")
    assert json.loads(result.stdout)["pathPrefixes"] == ["buses", "transport/roads"]
    listed = (await run(own_service, "organisations", "list")).stdout
    assert listed == f"transport  Transport  {organisation_id}  /buses  /transport/roads\n"
    (as_json,) = json.loads((await run(own_service, "organisations", "list", "--json")).stdout)
    assert as_json["pathPrefixes"] == ["buses", "transport/roads"]
    await run(own_service, "organisations", "release", "transport", "buses")
    result = await run(own_service, "organisations", "release", "transport", "transport/roads")
    assert result.output == "transport publishes under every path that is not reserved\n"
    assert [event.details["by"] for event in await events(own_service, "path.reserve")] == ["cli"] * 2
    assert [event.details["by"] for event in await events(own_service, "path.release")] == ["cli"] * 2


async def test_what_is_in_use_is_not_reserved(own_service: Service) -> None:
    """The command asks content as the own_service does."""
    desk = await Desk.opened(own_service)
    await desk.create("/transport/buses")
    await own_service.organisation("transport")
    result = await run(own_service, "organisations", "reserve", "transport", "transport")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Another organisation's prefix would cover ")
    assert await rows(own_service, select(models.PathReservation.prefix)) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("update", "nowhere", "--name", "Nowhere"), "There is no organisation 'nowhere'; see: gazette organisations list"),
        (("update", "transport", "--name", ""), "organisation.name: may not be empty"),
        (("update", "transport", "--name", "x" * 256), "organisation.name: "),
        (("reserve", "nowhere", "transport"), "There is no organisation 'nowhere'"),
        (("reserve", "transport", "/transport"), "prefix: "),
        (("reserve", "transport", "health"), "This part of the site is reserved for another organisation."),
        (("release", "transport", "health"), "The organisation has no such path prefix."),
        (("release", "transport", "a//b"), "prefix: "),
    ],
    ids=lambda given: " ".join(given)[:40] if isinstance(given, tuple) else "",
)
async def test_what_is_wrong_is_said_in_one_line(own_service: Service, arguments: tuple[str, ...], message: str) -> None:
    """A refused command changes nothing; one line says why, and the exit code is 1."""
    await own_service.organisation("transport")
    other_id = await own_service.organisation("health")
    await run(own_service, "organisations", "reserve", "health", "health")
    result = await run(own_service, "organisations", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert await rows(own_service, select(models.PathReservation.prefix, models.PathReservation.organisation_id)) == [
        ("health", uuid.UUID(other_id))
    ]
