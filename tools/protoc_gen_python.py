"""A buf plugin around grpcio-tools: messages (`_pb2.py`) and services (`_pb2_grpc.py`) of one request.

grpcio-tools has its generators built into a compiler of its own; the request's descriptors are handed to that.

The import of buf/validate is taken out first. The rules stay in the options, byte for byte, where protovalidate reads
them; but no package ships that file's Python module for the runtime that we use, and a client needs none.

What the contract's comments say of messages and enums is added as their docstrings, for `help(Document)`: the compiler writes
those of services alone.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc

from tools.docstrings import docstrings

RULES = "buf/validate/validate.proto"


def without_rules(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """The same file without its import of the rules. The index of a public import would shift, so we have none."""
    assert not file.public_dependency, f"{file.name}: public imports are not used here"
    kept = [name for name in file.dependency if name != RULES]
    del file.dependency[:]
    file.dependency.extend(kept)
    return file


def documented(code: str, file: descriptor_pb2.FileDescriptorProto) -> str:
    """The module with a docstring for each of its messages and enums."""
    said = "".join(f"{name}.__doc__ = {quoted(text)}\n" for name, text in docstrings(file) if text)
    return f"{code}{said}"


def quoted(text: str) -> str:
    """A string literal that can be read, and compared line by line."""
    return '"""{}"""'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def generate(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    response = plugin_pb2.CodeGeneratorResponse(supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        out.mkdir()
        files = Path(folder, "files.binpb")
        kept = [without_rules(file) for file in request.proto_file if file.name != RULES]
        files.write_bytes(descriptor_pb2.FileDescriptorSet(file=kept).SerializeToString())
        with_services = {file.name for file in kept if file.service}.intersection(request.file_to_generate)
        for option, names in (("python_out", request.file_to_generate), ("grpc_python_out", sorted(with_services))):
            if names and protoc.main(["protoc", f"--descriptor_set_in={files}", f"--{option}={out}", *names]):
                response.error = f"grpc_tools.protoc --{option} failed"
        modules = {file.name.replace(".proto", "_pb2.py"): file for file in kept}
        for path in sorted(out.rglob("*.py")):
            name, code = str(path.relative_to(out)), path.read_text()
            response.file.add(name=name, content=documented(code, modules[name]) if name in modules else code)
    return response


if __name__ == "__main__":
    asked = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(asked).SerializeToString())
