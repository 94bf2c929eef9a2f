"""Renditions: so many a second, each of another picture, and the second time, when they are there."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw

from bench.files.office import Office, opened
from bench.measure import cpu_seconds
from gazette.files.v1 import file_service_pb2 as rpc
from gazette.files.v1.serving_pb2 import GetRenditionRequest

COUNT, AT_ONCE, SPECIFICATION = 16, 4, "w960.webp"
WIDTH, HEIGHT = 4000, 3000


def measure(path: Path) -> None:
    with opened(path) as office:
        pictures = [picture(number) for number in range(COUNT)]
        ids = [upload(office, each) for each in pictures]
        made(office, [upload(office, picture(COUNT + number)) for number in range(AT_ONCE)])  # which starts the processes
        bare = statistics.median(bare_seconds(each) for each in pictures[:5])
        first, cpu = made(office, ids)
        again, _ = made(office, ids)
        print(f"\nrenditions of {COUNT} JPEGs of {WIDTH} × {HEIGHT} pixels as {SPECIFICATION}, {AT_ONCE} at a time")
        print(f"  {COUNT / first:6.1f} a second, {cpu / COUNT * 1e3:.0f} ms CPU each; bare Pillow: {bare * 1e3:.0f} ms CPU")
        print(f"  {COUNT / again:6.1f} a second once they are made", flush=True)


def picture(number: int) -> bytes:
    """A photograph of nothing: noise, a slope, and some circles."""
    image = Image.effect_noise((WIDTH // 4, HEIGHT // 4), 60).resize((WIDTH, HEIGHT)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for at in range(12):
        x, y = (number * 97 + at * 331) % WIDTH, (number * 53 + at * 211) % HEIGHT
        draw.ellipse((x, y, x + 400, y + 300), fill=(at * 20, number * 9 % 255, 255 - at * 20))
    into = io.BytesIO()
    image.save(into, "JPEG", quality=85)
    return into.getvalue()


def bare_seconds(content: bytes) -> float:
    """CPU of Pillow alone, as one would do it by hand."""
    begin = time.process_time()
    image = Image.open(io.BytesIO(content))
    image.draft("RGB", (960, 720))
    image.thumbnail((960, 720))
    image.save(io.BytesIO(), "WEBP", quality=80)
    return time.process_time() - begin


def upload(office: Office, content: bytes) -> str:
    requests = [rpc.UploadFileRequest(upload=office.upload([content], "picture.jpg"))]
    requests += [rpc.UploadFileRequest(chunk=content[at : at + (1 << 20)]) for at in range(0, len(content), 1 << 20)]
    return office.stub.UploadFile(iter(requests), metadata=office.metadata).file.id


def made(office: Office, ids: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock and of CPU until all of them were answered."""

    def one(id: str) -> int:
        request = GetRenditionRequest(id=id, specification=SPECIFICATION)
        return sum(len(part.data) for part in office.stub.GetRendition(request, metadata=office.metadata))

    cpu, begin = cpu_seconds(office.ours.pids[:1]), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(one, ids))
    return time.perf_counter() - begin, cpu_seconds(office.ours.pids[:1]) - cpu
