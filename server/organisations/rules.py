"""Decisions about organisations: what may be changed of one, and who may use which part of the site."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.auth.v1.organisation_pb2 import Organisation
from server.rpc import failures
from server.rpc.failures import Violation
from server.rpc.requests import masks

Reservations = Mapping[str, uuid.UUID]
"""Prefixes, without slashes around them, and the organisation that each is reserved for."""

WRITABLE = frozenset({"name"})


def check(slug: str, name: str) -> None:
    """Raises InvalidArgument for a new organisation without one of them."""
    missing = [field for field, value in (("slug", slug), ("name", name)) if not value]
    if missing:
        raise failures.InvalidArgument(*(Violation(f"organisation.{field}", "may not be empty") for field in missing))


def check_update(organisation: Organisation, mask: FieldMask) -> None:
    """Raises InvalidUpdateMask for a change of anything but the name, and InvalidArgument for a name that would become
    empty."""
    masks.fields("organisation", organisation, mask, WRITABLE, required=WRITABLE)


def covering(path: str) -> list[str]:
    """The prefixes that may cover a path, the longest first: `/a/b` gives `a/b` and `a`."""
    parts = [part for part in path.split("/") if part]
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


def inside(reservations: Reservations, path: str) -> dict[str, uuid.UUID]:
    """The reservations of what is below a path, without the path itself."""
    above = path.strip("/") + "/"
    return {prefix: whose for prefix, whose in reservations.items() if above == "/" or prefix.startswith(above)}


def owner(reservations: Reservations, path: str) -> uuid.UUID | None:
    """The organisation whose the path is: the longest prefix counts. None where nothing is reserved."""
    return next((reservations[prefix] for prefix in covering(path) if prefix in reservations), None)


def may_use(
    reservations: Reservations, organisation_id: uuid.UUID, path: str, *, has_prefixes: bool, with_all_below: bool
) -> bool:
    """Whether the organisation may put something at the path: where a prefix of its own counts, or, if it has no prefix, where
    nothing is reserved. `with_all_below`, what it puts there covers whole parts of the site, and none of them may be
    another's."""
    if with_all_below and any(other != organisation_id for other in inside(reservations, path).values()):
        return False
    found = owner(reservations, path)
    return found == organisation_id if found else not has_prefixes
