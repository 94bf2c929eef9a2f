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


async def test_an_organisation_gets_another_name(service: Service, slug: str) -> None:
    """The command changes the name, and the audit knows that it came from the command line."""
    organisation_id = await service.organisation(slug)
    result = await run(service, "organisations", "update", slug, "--name", "Transport and Roads")
    assert (result.exit_code, result.output) == (0, f"{slug} is now Transport and Roads\n")
    (event,) = await events(service, "organisation.update")
    assert (event.target, event.actor_id, event.details["by"]) == (organisation_id, None, "cli")
    assert (event.details["before"], event.details["after"]) == (
        {"name": slug.replace("-", " ").title()},
        {"name": "Transport and Roads"},
    )


async def test_paths_are_reserved_listed_and_released(service: Service, slug: str) -> None:
    """What is reserved is listed, in words and as JSON, and what is released is not."""
    organisation_id = await service.organisation(slug)
    result = await run(service, "organisations", "reserve", slug, f"{slug}/roads")
    assert (result.exit_code, result.output) == (0, f"{slug} publishes under /{slug}/roads\n")
    result = await run(service, "organisations", "reserve", slug, f"{slug}-buses", "--json")
    assert json.loads(result.stdout)["pathPrefixes"] == [f"{slug}-buses", f"{slug}/roads"]
    listed = (await run(service, "organisations", "list")).stdout.splitlines()
    name = slug.replace("-", " ").title()
    assert f"{slug}  {name}  {organisation_id}  /{slug}-buses  /{slug}/roads" in listed
    everything = json.loads((await run(service, "organisations", "list", "--json")).stdout)
    (as_json,) = [each for each in everything if each["slug"] == slug]
    assert as_json["pathPrefixes"] == [f"{slug}-buses", f"{slug}/roads"]
    await run(service, "organisations", "release", slug, f"{slug}-buses")
    result = await run(service, "organisations", "release", slug, f"{slug}/roads")
    assert result.output == f"{slug} publishes under every path that is not reserved\n"
    assert [event.details["by"] for event in await events(service, "path.reserve")] == ["cli"] * 2
    assert [event.details["by"] for event in await events(service, "path.release")] == ["cli"] * 2


async def test_what_is_in_use_is_not_reserved(service: Service, slug: str) -> None:
    """The command asks content as the service does."""
    desk = await Desk.opened(service)
    await desk.create(f"/{slug}/buses")
    await service.organisation(slug)
    result = await run(service, "organisations", "reserve", slug, slug)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Another organisation's prefix would cover ")
    assert await rows(service, select(models.PathReservation.prefix)) == []


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
async def test_what_is_wrong_is_said_in_one_line(service: Service, arguments: tuple[str, ...], message: str, slug: str) -> None:
    """A refused command changes nothing; one line says why, and the exit code is 1."""
    await service.organisation(slug)
    health = service.unique("health")
    other_id = await service.organisation(health)
    await run(service, "organisations", "reserve", health, health)
    called = {"transport": slug, "/transport": f"/{slug}", "health": health}
    result = await run(service, "organisations", *(called.get(each, each) for each in arguments))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert await rows(service, select(models.PathReservation.prefix, models.PathReservation.organisation_id)) == [
        (health, uuid.UUID(other_id))
    ]
