"""Each client does what docs/clients.md says of it, against what `make run` starts."""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.edge import Edge
from tests.installing import WEB, python_tool
from tests.web import bundling, tokens
from tests.web.origins import Origins
from tests.web.scripts import CLIENTS as SCRIPTS
from tests.web.scripts import said
from tests.web.table import CLIENTS, STEPS, Client

pytestmark = pytest.mark.web

NOTICES = ["Notice to mariners: dredging in the inner basin", "Notice to mariners: light out of service"]
