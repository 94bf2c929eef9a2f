"""The origins that CORS lets in, as Envoy matches them. `server/settings` refuses what is none at the server's start."""

import argparse
import re
from collections.abc import Mapping, Sequence

ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://((\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:([0-9]+|\*))?")
OVERWRITE = "OVERWRITE_IF_EXISTS_OR_ADD"
LONGEST = 300
"""Characters. Envoy takes expressions of a few more steps (envoy.yaml.tmpl)."""
WILDCARDS = {":*": "(:[0-9]+)?", "*": "[a-z0-9-]+"}
"""What a `*` stands for: any port, or none, which is the scheme's own; one label of a host."""


def origins(text: str) -> list[str]:
    """`https://www.example.gov,http://localhost:*` as a list; `*` alone stands for all origins there are."""
    found = [each.strip() for each in text.split(",") if each.strip()]
    for each in found:
        if not ORIGIN.fullmatch(each) or len(each) > LONGEST:
            raise argparse.ArgumentTypeError(f"{each!r} is no origin such as https://www.example.gov or https://*.example.gov")
    return found


def readable(reply: Mapping[str, object], allowed: Sequence[str]) -> dict[str, object]:
    """A local reply that scripts of these origins may read, though no filter has seen the request: its path is none, say."""
    matched = [{"header_filter": {"header": {"name": "origin", "string_match": matcher(origin)}}} for origin in allowed]
    from_one: object = {"or_filter": {"filters": matched}} if len(matched) > 1 else matched[0]
    told = {"access-control-allow-origin": "%REQ(ORIGIN)%", "vary": "Origin"}
    added = [{"header": {"key": name, "value": value}, "append_action": OVERWRITE} for name, value in told.items()]
    return {**reply, "filter": {"and_filter": {"filters": [reply["filter"], from_one]}}, "headers_to_add": added}


def matcher(origin: str) -> dict[str, object]:
    """Envoy's, for the whole of an origin: its scheme, each label of its host, its port."""
    if "*" not in origin:
        return {"exact": origin}
    if origin == "*":
        return {"safe_regex": {"regex": ".+"}}
    parts = re.split(r"(:\*|\*)", origin)
    return {"safe_regex": {"regex": "".join(WILDCARDS.get(part) or re.escape(part) for part in parts)}}
