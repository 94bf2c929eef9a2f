"""`make contract`: the contract by itself, for clients in any language, in `build/contract/`.

`proto/` is one folder in which every import is found, ours and third parties'; `gazette.binpb` the descriptors of the same
files, with comments; `gazette-contract.zip` holds both. Afterwards `buf build` works in the checkout, too. Only the standard
library is imported, since no more than `requirements/contract-tools.lock` need be installed. What is done with it stands in
clients/README.md.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tools.contract_sources import TARGET as THIRD_PARTIES
from tools.contract_sources import copy_sources

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "build/contract"
SOURCES = (ROOT / "proto", THIRD_PARTIES / "googleapis", THIRD_PARTIES / "protovalidate")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name: equal contracts make equal archives."""


def gather(folder: Path) -> None:
    """Fills the folder with the sources, and with their descriptors made of nothing else."""
    for source in SOURCES:
        shutil.copytree(source, folder / "proto", dirs_exist_ok=True)
    shutil.copy(ROOT / "LICENSE", folder)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    command = ["buf", "build", "proto", "--as-file-descriptor-set", "--output=gazette.binpb"]
    done = subprocess.run(command, cwd=folder, check=False, env={**os.environ, "PATH": path})
    if done.returncode:
        sys.exit("make contract: the contract does not compile")


def pack(folder: Path, archive: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), LONG_AGO)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def main() -> None:
    copy_sources()
    fresh = CONTRACT.with_name("contract.new")
    shutil.rmtree(fresh, ignore_errors=True)
    gather(fresh)
    archive = fresh.with_name("gazette-contract.zip")
    pack(fresh, archive)
    archive.rename(fresh / archive.name)
    shutil.rmtree(CONTRACT, ignore_errors=True)
    fresh.rename(CONTRACT)
    for path in (CONTRACT / "proto", CONTRACT / "gazette.binpb", CONTRACT / archive.name):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
