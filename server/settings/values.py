"""How the environment writes what settings mean: durations, lists, addresses, URLs, roles."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote, urlsplit

import idna
from pydantic import AfterValidator, BeforeValidator, Field

from gazette.auth.v1.account_pb2 import Role


def variable(*names: str, default: Any = ..., **constraints: Any) -> Any:
    """A setting that is read from the environment variable `names[0]`, or from one of its aliases."""
    return Field(default=default, json_schema_extra={"names": list(names)}, validate_default=True, **constraints)


MAX_ORIGIN = 300
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


def site(value: str) -> str:
    """A URL with its host in ASCII, as it is looked up: a mail program that reads letters by IDNA 2003 would lead elsewhere."""
    parts = urlsplit(value)
    if not value or value.isascii():
        return value
    try:
        host = idna.encode(parts.hostname or "", uts46=True, transitional=False, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("is no URL: there can be no such host") from None
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


def addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    """IP addresses, in the form in which connections show them. A network or a name would never equal one."""
    try:
        return tuple(str(ip_address(each)) for each in value)
    except ValueError:
        raise ValueError("is no list of IP addresses; write them out, with commas between") from None


def hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names of hosts as URLs have them, in ASCII; `*.` before one stands for all hosts below it. A URL, a port or an address is
    no such name."""
    found = []
    for each in value:
        wildcard = "*." if each.startswith("*.") else ""
        try:
            name = idna.encode(each.removeprefix(wildcard), uts46=True, transitional=False, std3_rules=True).decode("ascii")
        except idna.IDNAError:
            name = ""
        if "." not in name or is_address(name):
            raise ValueError(f"{each!r} is no name of a host; write names, such as www.example.gov or *.example.gov")
        found.append(wildcard + name)
    return tuple(found)


ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://"  # Browsers leave out a port that is the scheme's own.
    r"(?:(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])"
    r"(?::(?:[1-9]\d{0,4}|\*))?"
)
"""An origin as browsers send it. `*` stands for the first label of its host, or for its port (`deploy/envoy/origins.py`)."""


def origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """Origins of front ends, or `*` for all there are."""
    for each in value:
        if each != "*" and (not ORIGIN.fullmatch(each) or len(each) > MAX_ORIGIN):
            raise ValueError(
                f"{each!r} is no origin; write scheme, host and port as browsers send them, without a path: https://www.example.gov,"
                " https://*.example.gov or http://localhost:*"
            )
        if re.fullmatch(r"https://.*:443|http://.*:80", each):
            raise ValueError(f"{each!r} never comes from a browser: leave out the port, which is the scheme's own")
    return value


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def credentials(value: str) -> tuple[str, str]:
    """The password in a URL, and its user."""
    parts = urlsplit(value)
    asked = parse_qs(parts.query)
    password, user = (
        unquote(given or "") or asked.get(name, [""])[0]
        for given, name in ((parts.password, "password"), (parts.username, "user"))
    )
    return password, user


def random_part(secret: str) -> str:
    """What of an API key is random; of every other secret all."""
    return secret.split("_")[2] if re.fullmatch(API_KEY, secret) and secret else secret


def is_own_address(host: str) -> bool:
    """Whether a host is the machine itself, by whichever of its names."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return name in {"", "localhost", "localhost.localdomain"} or name.endswith(".localhost")
    address = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    return address.is_loopback or address.is_unspecified


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
Site = Annotated[Url, AfterValidator(site)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Port = Annotated[int, Field(ge=0, le=65535)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Addresses = Annotated[Words, AfterValidator(addresses)]
Hosts = Annotated[Words, AfterValidator(hosts)]
Origins = Annotated[Words, AfterValidator(origins)]
Roles = Annotated[Words, AfterValidator(roles)]
