"""What files cost on their way in and out, each way against the least that does the same in the same run: `cat` through a bare
gRPC stream, and boto3 by itself. Then the memory of the server for a file of 2 GiB, renditions a second, and what readers of
pages notice of twenty uploads.

`make bench ARGS=files`. The object storage of the presigned addresses is moto, in a process of its own: slow, and as slow for
boto3.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.files import crowd, memory, pictures, speed


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gazette-bench-") as directory:
        for name, measure in (
            ("speed", speed.measure),
            ("s3", speed.measure_s3),
            ("memory", memory.measure),
            ("pictures", pictures.measure),
            ("crowd", crowd.measure),
        ):
            measure(Path(directory, name))
