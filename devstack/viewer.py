"""The files of the page at `/docs`, which npm brings: `deploy/envoy/viewer` says which."""

import os

from deploy.envoy.api_docs import VIEWER
from tools.node import NodeMissing, npm_ci

IMPATIENT = {"npm_config_fetch_retries": "0", "PIP_RETRIES": "1"}
"""Whoever has no network is not to wait for it: there is only no page then."""


def install() -> str:
    """Why they cannot be had, in a line; nothing if they are there."""
    for name, value in IMPATIENT.items():
        os.environ.setdefault(name, value)
    try:
        npm_ci(VIEWER)
    except NodeMissing as error:
        return " ".join(str(error).split())[:160]
    return ""
