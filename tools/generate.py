"""Generates everything that is derived from the contract: `make proto`, and with `--check` the lint that it is current.

All is made under `build/` first and then compared file by file, so a contract that does not compile changes nothing,
and an unchanged contract touches no file.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tools.contract_sources import copy_sources
from tools.openapi import openapi

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CLIENT = Path("clients/python/gazette")
ENVOY = Path("deploy/envoy/gazette.binpb")
OPENAPI = Path("docs/openapi.json")


def buf(*arguments: str) -> None:
    """Runs buf with this environment's plugins before all others."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    done = subprocess.run(["buf", *arguments], cwd=ROOT, check=False, env={**os.environ, "PATH": path})
    if done.returncode:
        sys.exit(f"buf {arguments[0]} failed: nothing was changed")


def python_package() -> dict[Path, bytes]:
    """The client's generated package, by path: modules, stubs, and what makes them a typed package."""
    buf("generate")
    made = BUILD / "python/gazette"
    modules = {path for path in made.rglob("*") if path.is_file()}
    # The stub generator writes one for every file, with or without a service.
    files = {path for path in modules if not path.name.endswith("_pb2_grpc.pyi") or path.with_suffix(".py") in modules}
    package = {CLIENT / path.relative_to(made): path.read_bytes() for path in files}
    folders = {CLIENT, *(parent for path in package for parent in path.parents if CLIENT in parent.parents)}
    return package | {folder / "__init__.py": b"" for folder in folders} | {CLIENT / "py.typed": b""}


def descriptors(name: str, *options: str) -> bytes:
    """The whole workspace's descriptors, third-party files among them: Envoy prints only details that it knows."""
    path = BUILD / name
    buf("build", "--as-file-descriptor-set", f"--output={path}", *options)
    return path.read_bytes()


def outputs() -> dict[Path, bytes]:
    """Every generated file, by its path in the repository."""
    document = openapi(descriptors("contract.binpb"))
    return {
        **python_package(),
        ENVOY: descriptors("envoy.binpb", "--exclude-source-info"),
        OPENAPI: (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(),
    }


def main() -> None:
    copy_sources()
    wanted = outputs()
    present = {path.relative_to(ROOT) for path in (ROOT / CLIENT).rglob("*") if path.is_file()}
    stale = sorted(path for path in present - set(wanted) if "__pycache__" not in path.parts)
    changed = sorted(path for path in wanted if not (ROOT / path).exists() or (ROOT / path).read_bytes() != wanted[path])
    if "--check" in sys.argv[1:]:
        for path in [*stale, *changed]:
            print(f"{path}: not what the contract generates; run `make proto`", file=sys.stderr)
        sys.exit(1 if stale or changed else 0)
    for path in stale:
        (ROOT / path).unlink()
    for path in changed:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(wanted[path])
    print(f"make proto: {len(wanted)} files, {len(changed)} written, {len(stale)} removed")


if __name__ == "__main__":
    main()
