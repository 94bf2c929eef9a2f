"""`gazette smoke`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from server.smoke.checks import Smoke, Wanted
from server.smoke.site import Site, Unfit


@click.command()
@click.option(
    "--url", required=True, metavar="https://…", help="Where the public reads: Envoy's address, or what stands before it."
)
@click.option("--grpc", "grpc_target", default="", metavar="HOST:PORT", help="The gRPC port, to be asked as well.")
@click.option("--tls", "is_grpc_encrypted", is_flag=True, help="Encrypt the gRPC connection, and check who the server is.")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The authority that is trusted, for HTTPS and for --tls.  [default: the machine's]",
)
@click.option(
    "--token",
    default="",
    envvar="GAZETTE_TOKEN",
    show_envvar=True,
    show_default=False,
    help="An access token or API key that may read the health.",
)
@click.option("--expect-version", default="", metavar="X", help="The version that should serve; needs --token.")
@click.option("--path", default="", metavar="/…", help="The page to read.  [default: the one that was published last]")
@click.option("--locale", default="", help="Its language.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait for /health to answer 200 first, up to so long.")
@click.option("--timeout", default=10.0, metavar="SECONDS", help="How long one answer may take.")
def smoke(url: str, expect_version: str, path: str, locale: str, wait: float, **asking: Any) -> None:
    """Ask a running installation, as its users would, whether it serves. It changes nothing.

    Each check is a line. Exit code 1: one failed.
    """
    if not url.startswith(("https://", "http://")):
        raise click.UsageError("--url begins with https:// or http://.")
    if expect_version and not asking["token"]:
        raise click.UsageError("--expect-version needs --token: the version is not told to everyone.")
    site = Site(url, **asking)
    wait_for(site, wait)
    failed = 0
    for result in Smoke(site, Wanted(expect_version, path, locale)).run():
        failed += result.outcome == "FAILED"
        click.echo(f"{result.outcome:<8}{result.name}: {result.message}")
    if failed:
        click.echo(f"gazette smoke: {failed} of the checks failed at {url}", err=True)
        sys.exit(1)


def wait_for(site: Site, seconds: float) -> None:
    """Returns when /health answers 200, or when that took too long: the checks say then what is wrong."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if site.get("/health").status == 200:
                return
        except Unfit:
            pass
        time.sleep(min(1.0, max(0.0, end - time.monotonic())))
