"""Generates everything that is derived from the contract: `make proto`, and with `--check` the lint that it is current.

The TypeScript client's part needs Node (`tools/typescript.py`): it is made where there is one. `--typescript`
makes, or with `--check` compares, that part alone, and `make test-web` does.

All is made under `build/` first and then compared file by file, so a contract that does not compile changes nothing,
and an unchanged contract touches no file.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools import node, typescript
from tools.bodies import bodies
from tools.contract import Contract
from tools.contract_sources import copy_sources
from tools.openapi import openapi
from tools.python_messages import messages
from tools.python_services import services as python_services
from tools.python_stubs import widened
from tools.routes import routes

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CLIENT = Path("clients/python/gazette")
MESSAGES = Path("clients/python/gazette_client/messages.py")
THREADS = Path("clients/python/gazette_client/services/threads.py")
TASKS = Path("clients/python/gazette_client/services/tasks.py")
ENVOY = Path("deploy/envoy/gazette.binpb")
SERVICES = Path("deploy/envoy/services.txt")
BODIES = Path("deploy/envoy/bodies.txt")
ROUTES = Path("deploy/envoy/routes.txt")
OPENAPI = Path("docs/openapi.json")
PERMISSIONS = Path("docs/permissions.md")
LIMITS = Path("docs/limits.md")
TRANSITIONS = (Path("docs/workflow.md"), Path("docs/taking-down.md"))


def buf(*arguments: str) -> None:
    """Runs buf with this environment's plugins before all others, on the contract and what it imports."""
    copy_sources()
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
    package |= {path: widened(code) for path, code in package.items() if path.suffix == ".pyi"}
    folders = {CLIENT, *(parent for path in package for parent in path.parents if CLIENT in parent.parents)}
    return package | {folder / "__init__.py": b"" for folder in folders} | {CLIENT / "py.typed": b""}


def descriptors(name: str, *options: str) -> bytes:
    """The whole workspace's descriptors, third-party files among them: Envoy prints only details that it knows."""
    path = BUILD / name
    buf("build", "--as-file-descriptor-set", f"--output={path}", *options)
    return path.read_bytes()


def services(contract: bytes) -> bytes:
    """The names of all services that are ours, a line each."""
    files = FileDescriptorSet.FromString(contract).file
    names = [f"{file.package}.{service.name}" for file in files for service in file.service]
    return "".join(f"{name}\n" for name in sorted(names) if name.startswith("gazette.")).encode()


def printed(tool: str, package: dict[Path, bytes], *arguments: str) -> bytes:
    """A page that also says what code of the server has, which needs the package as the contract has it now."""
    place = BUILD / "package"
    shutil.rmtree(place, ignore_errors=True)
    for path, content in package.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", tool, str(BUILD / "contract.binpb"), *arguments],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str((place / CLIENT).parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        sys.exit(f"{tool} cannot say what it is to: nothing was changed")
    return done.stdout


def outputs() -> dict[Path, bytes]:
    """Every generated file, by its path in the repository."""
    contract = descriptors("contract.binpb")
    document = openapi(contract)
    read = Contract.parse(contract)
    package = python_package()
    return {
        **package,
        MESSAGES: messages(read),
        THREADS: python_services(read, is_async=False),
        TASKS: python_services(read, is_async=True),
        ENVOY: descriptors("envoy.binpb", "--exclude-source-info"),
        SERVICES: services(contract),
        BODIES: bodies(contract),
        ROUTES: routes(contract),
        OPENAPI: (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(),
        PERMISSIONS: printed("tools.permissions", package),
        LIMITS: printed("tools.limits", package),
        **{path: printed("tools.transitions", package, str(path)) for path in TRANSITIONS},
    }


def differences(wanted: dict[Path, bytes], root: Path, folder: Path = CLIENT) -> tuple[list[Path], list[Path]]:
    """What stands in the root's folder and is generated no more, and what is missing or says something else."""
    present = {path.relative_to(root) for path in (root / folder).rglob("*") if path.is_file()}
    stale = sorted(path for path in present - set(wanted) if "__pycache__" not in path.parts)
    return stale, sorted(path for path in wanted if not (root / path).exists() or (root / path).read_bytes() != wanted[path])


def settle(wanted: dict[Path, bytes], folder: Path, *, is_check: bool) -> None:
    """Brings what is generated up to date and says what was done, or only ends with what is not."""
    stale, changed = differences(wanted, ROOT, folder)
    if is_check:
        for path in [*stale, *changed]:
            print(f"{path}: not what the contract generates; run `make proto`", file=sys.stderr)
        sys.exit(1 if stale or changed else 0)
    for path in stale:
        (ROOT / path).unlink()
    for path in changed:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(wanted[path])
    print(f"make proto: {len(wanted)} files, {folder} among them: {len(changed)} written, {len(stale)} removed")


def main() -> None:
    is_check, is_typescript = ("--check" in sys.argv[1:], "--typescript" in sys.argv[1:])
    if not is_typescript:
        copy_sources()
        settle(outputs(), CLIENT, is_check=is_check)
        if node.find() is None:
            print("make proto: no Node here: `python -m tools.generate --typescript` installs one for the TypeScript client")
            return
    try:
        wanted = typescript.generated(descriptors("contract.binpb"))
    except node.NodeMissing as error:
        sys.exit(f"tools.generate: {error}")
    settle(wanted, typescript.GENERATED, is_check=is_check)


if __name__ == "__main__":
    main()
