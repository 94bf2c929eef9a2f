"""Writes `requirements/*.lock`: every package of every part, pinned and hashed, for Python 3.11.

`dev.lock` is a superset of `server.lock`, so what is tested is what is shipped. The resolver (uv, itself pinned in
`dev.lock`) is asked about the public index alone: a local wheel's hash would not install on another machine.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-config"]
FORM = ["--python-version=3.11", "--python-platform=x86_64-manylinux_2_31", "--generate-hashes"]
PLAIN = ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-package=gazette-client"]
SAYS = ["--custom-compile-command=make lock"]

PARTS = {
    "dev": ["pyproject.toml", "--group=dev", "--overrides=requirements/overrides.in"],
    "server": ["pyproject.toml", "--constraints=requirements/dev.lock"],
    "build": ["--group=build", "--constraints=requirements/dev.lock"],
    "contract-tools": ["--group=contract", "--constraints=requirements/dev.lock"],
    "sbom": ["--group=sbom"],
    "devstack": ["--no-deps", "--group=devstack"],
}


APART = ("deploy", "web")
"""What only the checks of the deployment or the tests of web clients need: a tool, or tools that agree, for each `.in` file."""


def main() -> None:
    sources_apart = (each for folder in APART for each in sorted(ROOT.glob(f"requirements/{folder}/*.in")))
    apart = {f"{each.parent.name}/{each.stem}": [str(each.relative_to(ROOT))] for each in sources_apart}
    for name, sources in {**PARTS, **apart}.items():
        output = f"--output-file=requirements/{name}.lock"
        command = [*UV, *FORM, *PLAIN, *SAYS, *sources, output, *sys.argv[1:]]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        print(f"requirements/{name}.lock")


if __name__ == "__main__":
    main()
