"""What a command ends with: one exit code for each way it can end, whichever command it is (docs/command-line.md)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server import cli
from server.cli import gazette
from tests.command_line import run
from tests.polling import wait_until
from tests.service import Service
from tests.test_settings import GOOD

ID = "0190d5c3-0000-7000-8000-000000000000"
NOWHERE = "127.0.0.1:1"
CALLER = ("--email", "author@example.gov", "--password", "words that nobody knows")
ON_THE_DATABASE = [
    ("accounts", "list"),
    ("accounts", "erase", ID, "--yes"),
    ("audit", "verify"),
    ("backup",),
    ("demo",),
    ("files", "verify"),
    ("keys", "list", "--account", ID),
    ("organisations", "list"),
    ("redirects", "check"),
    ("references", "failed"),
    ("sessions", "list", ID),
    ("texts", "unmended"),
]
ON_A_SERVER = [("documents", "list"), ("documents", "get", "/a"), ("import", "."), ("export", "-")]
UNKNOWN = [
    ("accounts", "show", ID),
    ("accounts", "erase", ID, "--yes"),
    ("accounts", "grant", ID, "--role", "reader", "--all-organisations"),
    ("accounts", "grant", ID, "--role", "reader", "--organisation", "nowhere"),
    ("keys", "revoke", ID, "--account", ID),
    ("organisations", "update", "nowhere", "--name", "Nowhere"),
    ("sessions", "revoke", ID),
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings that are good, of a database that is away."""
    away = {"DATABASE_URL": f"postgresql://gazette:secret@{NOWHERE}/gazette", "BACKUP_DIRECTORY": str(tmp_path / "backups")}
    return {**GOOD, **away, "FILES_DIRECTORY": str(tmp_path / "files"), "BACKUP_KEY": "0" * 64}


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, by its words."""
    if not isinstance(command, click.Group):
        yield words
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*words, name))


@pytest.mark.parametrize("words", [*leaves(gazette)], ids=" ".join)
def test_a_wrong_command_line_is_2(words: tuple[str, ...]) -> None:
    """An option that there is none of is refused before anything is done, with how to ask for help."""
    done = CliRunner().invoke(gazette, [*words, "--no-such-option"])

    assert (done.exit_code, done.stdout) == (2, "")
    assert "--help" in done.stderr


@pytest.mark.parametrize("words", ON_THE_DATABASE, ids=" ".join)
def test_a_database_that_is_away_is_2(words: tuple[str, ...], environ: dict[str, str]) -> None:
    """It is no refusal, and nothing that was looked for and found: one line says that it cannot be reached."""
    done = CliRunner().invoke(gazette, words, env=environ)

    assert done.exit_code == 2, done.output
    assert done.stderr.splitlines()[-1].lower().startswith("error: the database cannot be reached")


@pytest.mark.parametrize("words", ON_A_SERVER, ids=" ".join)
def test_a_server_that_is_away_is_2(words: tuple[str, ...]) -> None:
    """Commands that call a server name the address that does not answer."""
    done = CliRunner().invoke(gazette, [*words, "--target", NOWHERE, *CALLER])

    assert (done.exit_code, f"UNAVAILABLE: {NOWHERE} cannot be reached" in done.stderr) == (2, True), done.output


@pytest.mark.parametrize("words", UNKNOWN, ids=" ".join)
async def test_what_is_not_there_is_1(service: Service, words: tuple[str, ...]) -> None:
    """The line names what was not found, and nothing has changed."""
    done = await run(service, *words)

    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.output
    assert done.stderr.startswith("Error: ")


async def test_what_is_refused_is_1(service: Service) -> None:
    """What the rules do not allow is told in a line."""
    slug = service.unique("harbours")
    await service.organisation(slug)

    done = await run(service, "organisations", "create", "--slug", slug, "--name", str(uuid.uuid4()))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: There is an organisation with this slug.\n"


@pytest.mark.parametrize("words", [*ON_THE_DATABASE, ("migrate",), ("serve",), ("worker",)], ids=" ".join)
def test_a_setting_that_is_missing_is_78(
    words: tuple[str, ...], environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names it, and starting again would not help."""
    for name, value in {**environ, "DATABASE_URL": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["gazette", *words])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gazette: DATABASE_URL is missing. ")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(120)  # Python has to start, beside all else that this machine does
        yield listening


@pytest.mark.parametrize(
    "words", [("accounts", "list"), ("redirects", "check"), ("documents", "list", *CALLER)], ids=lambda w: w[0]
)
def test_an_interruption_is_130(words: tuple[str, ...], environ: dict[str, str], silent: socket.socket) -> None:
    """Ctrl-C ends a command that waits, in a word and without a trace of Python's."""
    address = f"127.0.0.1:{silent.getsockname()[1]}"
    given = {**os.environ, **environ, "DATABASE_URL": f"postgresql://gazette:secret@{address}/gazette"}
    target = ("--target", address) if words[0] == "documents" else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *words, *target], env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with silent.accept()[0]:
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)

    assert (process.returncode, told) == (130, ("", "Interrupted.\n"))


def test_an_interruption_at_a_prompt_is_130(environ: dict[str, str]) -> None:
    """So does Ctrl-C where a command asks; an end of what is typed is a refusal of the command line, as any wrong answer is."""
    leader, follower = os.openpty()
    words = ("migrate", "base")
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *words],
        env={**os.environ, **environ},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    asked = b""

    def is_asking() -> bool:
        nonlocal asked
        asked += os.read(leader, 1000)
        return b"Type gazette to go on" in asked

    wait_until(is_asking, 120)
    assert interrupted(process) == 130
    os.close(leader)


def interrupted(process: subprocess.Popen[bytes]) -> int:
    """What it ends with at Ctrl-C, pressed again as people do: Python misses the first just before it begins to read."""
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(30)
    raise AssertionError("it goes on")


def test_a_database_is_not_dropped_by_a_slip(environ: dict[str, str]) -> None:
    """`gazette migrate base` shows what is lost, and without a terminal does nothing unless it is told not to ask."""
    done = CliRunner().invoke(gazette, ["migrate", "base"], env=environ)

    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, "Error: There is nobody to ask: give --yes, or a terminal.")
