"""How the environment writes what settings mean: durations, lists, addresses, URLs, roles."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from gazette.auth.v1.account_pb2 import Role

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(value: Any) -> Any:
    """`15m`, `7d`, `90` (seconds) as a timedelta."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+)([smhd]?)", str(value).strip())
    if match is None or int(match[1]) == 0:
        raise ValueError("is not a duration; write a number and s, m, h or d, such as 15m")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def words(value: Any) -> Any:
    """`a,b` as a tuple."""
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def url(value: str) -> str:
    """A URL that can be taken apart."""
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("is no URL; write the port as a number, and percent-encode what is special in a password") from None
    return value


def addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    """IP addresses, in the form in which connections show them. A network or a name would never equal one."""
    try:
        return tuple(str(ip_address(each)) for each in value)
    except ValueError:
        raise ValueError("is no list of IP addresses; write them out, with commas between") from None


def roles(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names of roles, as the contract has them."""
    known = {name.removeprefix("ROLE_").lower() for name, number in Role.items() if number}
    if unknown := [each for each in value if each not in known]:
        raise ValueError(f"{unknown[0]!r} is no role; there are {', '.join(sorted(known))}")
    return value


def at(scheme: str, rest: str) -> str:
    """A pattern for a URL, or for none."""
    return rf"^({scheme}://{rest})?$"


POSTGRES_URL = at("postgres(ql)?", "[^@/]+@[^/]+/.+")
WEB_URL = at("https?", r"[^\s/@]+(/\S*)?")
API_KEY = r"^(gaz_[0-9a-z-]{1,36}_[0-9a-f]{64}_[0-9a-f]{8})?$"
SENTRY_URL = at("https?", r"[^\s/@]+@[^\s/@]+/(\S+/)?\d+")


Url = Annotated[str, AfterValidator(url)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Addresses = Annotated[Words, AfterValidator(addresses)]
Roles = Annotated[Words, AfterValidator(roles)]
