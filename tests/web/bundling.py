"""Scripts of `tests/web/clients`, each with all that it imports as one file, for a browser or for Node."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.web.scripts import CLIENTS, PATIENCE
from tools.node import Node

FOR = {
    "chromium": [
        "--platform=browser",
        *(f"--external:{name}" for name in ("node:*", "@connectrpc/connect-node", "@gazette/client/node")),
    ],
    "node": ["--platform=node"],
}


@dataclass(frozen=True)
class Bundler:
    node: Node
    programs: Path
    """Of the packages of `tests/web`."""
    typescript: Path
    """The TypeScript client's folder, whose packages the scripts may use too."""

    def bundle(self, script: str, place: str, to: Path) -> None:
        command = [
            str(self.programs / "esbuild"),
            str(CLIENTS / script),
            "--bundle",
            "--format=esm",
            "--target=es2022",
            *FOR[place],
        ]
        command += [f"--outfile={to}", "--log-level=warning", "--tsconfig-raw={}"]  # its paths are for types alone
        environment = {**self.node.environment(), "NODE_PATH": str(self.typescript / "node_modules")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
