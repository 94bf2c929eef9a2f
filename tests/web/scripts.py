"""Runs a script of `tests/web/clients` as the program that it is, and reads what it says: one object of JSON a line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).with_name("clients")
PATIENCE = 120
"""Seconds after which a script counts as one that hangs."""


def said(command: Sequence[str], given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """All lines of a script that ended well."""
    done = subprocess.run(
        command,
        env={**environment, "GIVEN": json.dumps(given)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]
