"""Scripts of `tests/web/clients` and what they import as one file, for a browser or for Node: our client from its sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.web.scripts import CLIENTS, PATIENCE
from tools.node import Node

FOR = {
    "chromium": ["--platform=browser", "--external:node:*", "--external:@connectrpc/connect-node"],
    "node": ["--platform=node"],
}


def bundle(script: str, place: str, to: Path, *, programs: Path, typescript: Path, node: Node) -> None:
    """Packages are those of `tests/web`, and otherwise those that the TypeScript client is developed with."""
    command = [str(programs / "esbuild"), str(CLIENTS / script), "--bundle", "--format=esm", "--target=es2022", *FOR[place]]
    command += [f"--alias:@gazette/client={typescript}", f"--outfile={to}", "--log-level=warning"]
    environment = {**node.environment(), "NODE_PATH": str(typescript / "node_modules")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
