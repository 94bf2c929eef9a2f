"""Lets the generated stubs take what protobuf takes where a message is made: a `datetime` for a time, a dict for a Struct."""

import re

WIDER = {
    "_timestamp_pb2.Timestamp": "_datetime.datetime",
    "_duration_pb2.Duration": "_datetime.timedelta",
    "_struct_pb2.Struct": "_typing.Mapping[str, _typing.Any]",
}
ARGUMENT = re.compile(r"^(        \w+: )(\w+\.\w+) \| None = \.\.\.,$", re.MULTILINE)
"""One keyword of a message's `__init__`."""


def widened(stub: bytes) -> bytes:
    def wider(argument: re.Match[str]) -> str:
        also = WIDER.get(argument[2])
        return f"{argument[1]}{argument[2]} | {also} | None = ...," if also else argument[0]

    code = ARGUMENT.sub(wider, stub.decode())
    if "_datetime." in code:
        code = code.replace("import builtins as _builtins\n", "import builtins as _builtins\nimport datetime as _datetime\n", 1)
    return code.encode()
