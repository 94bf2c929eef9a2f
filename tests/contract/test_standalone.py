"""`make contract`: the contract with all that it imports, for whoever generates clients from it in other languages."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from tools.contract_sources import copy_sources
from tools.standalone_contract import ROOT, gather, pack

pytestmark = pytest.mark.xdist_group("contract")

WELL_KNOWN = "google/protobuf/"
"""What every compiler of protobuf brings along."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy_sources()
    made = tmp_path_factory.mktemp("contract")
    gather(made)
    return made


def test_every_import_is_in_the_one_folder(folder: Path) -> None:
    """A compiler that is given `proto/` alone finds all that is imported; what is ours is there to the last file."""
    sources = {str(path.relative_to(folder / "proto")): path.read_text() for path in (folder / "proto").rglob("*.proto")}
    imported = {name for text in sources.values() for name in re.findall(r'^import "(.+)";', text, re.MULTILINE)}
    assert {name for name in imported if not name.startswith(WELL_KNOWN)} <= set(sources)
    ours = {str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto").rglob("*.proto")}
    assert {name for name in sources if name.startswith("gazette/")} == ours
    assert "google/rpc/error_details.proto" in sources, "what errors carry is not imported, and needed"


def test_the_descriptors_need_nothing_else(folder: Path) -> None:
    """Each file of the set comes after those that it imports, so that a pool can be filled from it alone."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString((folder / "gazette.binpb").read_bytes()).file:
        pool.Add(file)
    method = pool.FindMethodByName("gazette.delivery.v1.DeliveryService.GetPage")
    assert method.output_type.full_name == "gazette.delivery.v1.GetPageResponse"
    assert pool.FindMessageTypeByName("google.rpc.ErrorInfo").fields_by_name["reason"].number == 1


def test_the_descriptors_have_comments(folder: Path) -> None:
    """Documentation can be generated from them: each service of ours says what it is for."""
    files = FileDescriptorSet.FromString((folder / "gazette.binpb").read_bytes()).file
    for file in files:
        commented = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments}
        if file.name.startswith("gazette/"):
            assert all((6, at) in commented for at in range(len(file.service))), file.name


def test_it_is_packed_whole_and_always_alike(folder: Path, tmp_path: Path) -> None:
    """The archive has files, descriptors and the notice of the licence, and an equal contract makes an equal archive."""
    for name in ("one.zip", "other.zip"):
        pack(folder, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        packed = set(archive.namelist())
    assert packed == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"LICENSE", "gazette.binpb", "proto/gazette/delivery/v1/page.proto"} <= packed
