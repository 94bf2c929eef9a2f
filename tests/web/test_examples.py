"""The example programs of clients/README.md, in the languages that have no client of ours, against what `make run` starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.edge import PASSWORD, Edge
from tests.installing import ROOT, debian
from tools.contract_sources import copy_sources
from tools.node import Node
from tools.standalone_contract import gather

pytestmark = pytest.mark.web

EXAMPLES = ROOT / "clients/examples"
EMAIL = "author@example.gov"
PRINTED = ["Apply for a mooring", "PAGE_NOT_FOUND", EMAIL]
JARS = (
    *("grpc-*", "protobuf*", "netty*"),
    *("error*prone*", "failureaccess*", "geronimo-annotation-1.3*", "gson*", "guava*", "perfmark*"),
)
"""What the example in Java needs, and what that needs."""
WITH_DESCRIPTORS = """
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";

const [descriptors, target] = process.argv.slice(2);
const contract = loadFileDescriptorSetFromBuffer(readFileSync(descriptors), { enums: String, longs: String, json: true });
const { gazette } = grpc.loadPackageDefinition(contract);
const delivery = new gazette.delivery.v1.DeliveryService(target, grpc.credentials.createInsecure());
const deadline = Date.now() + 10000;
delivery.GetPage({ path: "/guidance/moor-a-boat" }, { deadline }, (error, answer) => {
  if (error) throw error;
  console.log(answer.page.title, answer.page.state, typeof answer.page.record_number);
});
"""


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make contract` makes."""
    copy_sources()
    folder = tmp_path_factory.mktemp("contract")
    gather(folder)
    return folder


def said(command: list[str], place: Path, environment: dict[str, str] | None = None) -> list[str]:
    """What the program prints."""
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def generated(language: str, contract: Path, place: Path) -> None:
    """The example in a folder of its own, with what `buf generate` makes by its template."""
    shutil.copytree(EXAMPLES / language, place)
    shutil.copy(contract / "gazette.binpb", place)
    said([str(ROOT / ".venv/bin/buf"), "generate"], place)


def in_node(packages: Path, place: Path) -> None:
    """A folder from which Node finds the packages."""
    place.joinpath("node_modules").symlink_to(packages.parent)


def test_node(web_edge: Edge, node: Node, packages: Path, contract: Path, tmp_path: Path) -> None:
    """grpc-js needs nothing but the folder: no code is generated."""
    in_node(packages, tmp_path)
    shutil.copy(EXAMPLES / "node/example.mjs", tmp_path)
    command = [str(node.programs / "node"), "example.mjs", str(contract / "proto")]
    for target in (web_edge.grpc, web_edge.http.removeprefix("http://")):
        assert said([*command, target, EMAIL, PASSWORD], tmp_path) == PRINTED


def test_node_by_descriptors(web_edge: Edge, node: Node, packages: Path, contract: Path, tmp_path: Path) -> None:
    """proto-loader takes the descriptors as well, with the contract's names, and int64 to the last digit."""
    in_node(packages, tmp_path)
    tmp_path.joinpath("descriptors.mjs").write_text(WITH_DESCRIPTORS)
    command = [str(node.programs / "node"), "descriptors.mjs", str(contract / "gazette.binpb"), web_edge.grpc]
    assert said(command, tmp_path) == ["Apply for a mooring PAGE_STATE_PUBLISHED string"]


def test_ruby(web_edge: Edge, contract: Path, tmp_path: Path) -> None:
    """The example in Ruby, with Debian's grpc."""
    debian("protobuf-compiler", "protobuf-compiler-grpc", "ruby", "ruby-grpc")
    generated("ruby", contract, tmp_path / "ruby")
    assert said(["ruby", "example.rb", web_edge.grpc, EMAIL, PASSWORD], tmp_path / "ruby") == PRINTED


@pytest.mark.heavy
def test_go(web_edge: Edge, contract: Path, tmp_path: Path) -> None:
    """The example in Go, with Debian's grpc, which lies in a GOPATH."""
    debian("golang-go", "golang-google-genproto-dev", "golang-google-grpc-dev", "protoc-gen-go", "protoc-gen-go-grpc")
    place = tmp_path / "src/example.org/harbour"
    generated("go", contract, place)
    environment = {"GOPATH": f"{tmp_path}:/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "-p=1"}
    assert said(["go", "run", "main.go", web_edge.grpc, EMAIL, PASSWORD], place, environment) == PRINTED


@pytest.mark.heavy
def test_java(web_edge: Edge, contract: Path, tmp_path: Path) -> None:
    """The example in Java, with Debian's grpc; what it imports is compiled of what was generated."""
    libraries = ("libgrpc-java", "libnetty-java", "libperfmark-java", "libprotobuf-java")
    debian("openjdk-17-jdk-headless", "protobuf-compiler", "protobuf-compiler-grpc-java-plugin", *libraries)
    place = tmp_path / "java"
    generated("java", contract, place)
    jars = sorted(str(jar) for name in JARS for jar in Path("/usr/share/java").glob(f"{name}.jar"))
    said(
        ["javac", "-nowarn", "-implicit:class", "-cp", ":".join(jars), "-sourcepath", "gen", "-d", "out", "Example.java"], place
    )
    command = ["java", "-cp", ":".join([str(place / "out"), *jars]), "Example", web_edge.grpc, EMAIL, PASSWORD]
    assert said(command, place) == PRINTED
