"""Scraping a real server in tests, and looking at what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from prometheus_client import start_http_server
from prometheus_client.parser import text_string_to_metric_families

from devstack.ports import free_port
from tests.polling import PATIENCE

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Scraper:
    """Reads one address as Prometheus does."""

    url: str

    def all(self) -> Samples:
        return samples(self.text())

    def text(self) -> str:
        return httpx.get(self.url, timeout=5).raise_for_status().text

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels among theirs."""
        wanted = set(labels.items())
        of_name = "".join(line for line in self.text().splitlines(keepends=True) if line.startswith(name))  # it is a long text
        return sum(value for (each, given), value in samples(of_name).items() if each == name and wanted <= given)

    async def until(self, name: str, least: float, **labels: str) -> float:
        """The value, once it is so large: what is looked at twice a second comes a moment later."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while (value := await asyncio.to_thread(self.value, name, **labels)) < least:
            assert asyncio.get_running_loop().time() < end, f"{name}{labels} is {value}, and not {least}"
            await asyncio.sleep(0.1)
        return value


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def exported() -> Iterator[Scraper]:
    """The metrics of a server in this process, on a port."""
    port = free_port()
    server, thread = start_http_server(port, "127.0.0.1")
    try:
        yield Scraper(f"http://127.0.0.1:{port}/metrics")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
