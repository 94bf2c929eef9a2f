"""Has messages judged in processes of their own."""

from __future__ import annotations

from google.protobuf.message import Message

from server.background.processes import Processes, TooCostly
from server.rpc.failures import Violation
from server.rpc.requests.judging import Judgement, judge
from server.rpc.requests.parsing import Judge

SECONDS = 2.0
"""Of CPU time. A message of 4 MiB takes a third of it at the worst."""


def judging(processes: Processes) -> Judge:
    async def judged(kind: type[Message], raw: bytes) -> Judgement:
        try:
            return await processes.run(judge, kind, raw, seconds=SECONDS)
        except TooCostly:
            return Judgement(b"", (Violation("", "The request holds too much to be checked."),))

    return judged
