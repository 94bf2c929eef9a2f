"""What each client that is called from Python is asked to do, and how it says what it saw: one line of JSON for each step."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

GIVEN: dict[str, str] = json.loads(os.environ["GIVEN"])
"""What the test hands over: addresses, the demo's organisation, a path of this client's own, a picture."""
PASSWORD = "gazette-demo-only"
REVIEW = (("author", "submit"), ("editor", "approve"), ("publisher", "publish"))


def draft(path: str) -> dict[str, str]:
    """A document that may be made at the path."""
    return {
        "organisationId": GIVEN["organisation"],
        "contentType": "harbour_guide",
        "path": path,
        "title": "Tide tables",
        "body": "High water is at **six**.",
    }


def imported(path: str) -> list[dict[str, Any]]:
    """An import of one document that is public at the path, part by part."""
    document = {**draft(path), "translationKey": GIVEN["key"]}
    return [
        {"options": {"organisationId": GIVEN["organisation"]}},
        {"document": {"document": document, "source": path, "liveState": "LIVE_STATE_PUBLISHED"}},
    ]


def take(steps: Mapping[str, Callable[[], Any]]) -> None:
    """Takes the steps one after the other. One that fails ends none but itself."""
    for step, act in steps.items():
        try:
            print(json.dumps({"step": step, "saw": act()}), flush=True)
        except Exception:  # noqa: BLE001 (whatever it is, it is told)
            print(json.dumps({"step": step, "error": traceback.format_exc()}), flush=True)
