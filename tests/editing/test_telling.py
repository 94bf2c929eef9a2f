"""What `gazette documents` tells people: refusals line by line, tables that fit a terminal, help in the order of the day."""

from __future__ import annotations

import io
import sys

import click
import grpc
import pytest
from click.testing import CliRunner
from google.protobuf.struct_pb2 import Value
from google.rpc.error_details_pb2 import BadRequest, PreconditionFailure

from gazette.content.v1.merging_pb2 import EditConflict, Editor, FieldConflict, MergeHunk
from gazette_client.errors import failure
from server.cli import gazette
from server.editing import refusals, tables

UNMET = grpc.StatusCode.FAILED_PRECONDITION


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_every_condition_has_a_line() -> None:
    """A refusal has a line for each condition and each field, but none twice."""
    unmet = PreconditionFailure()
    unmet.violations.add(type="SELF_APPROVAL", subject="document", description="You wrote it.")
    unmet.violations.add(type="BLOCKING_COMMENTS", subject="draft.blocking_comments", description="One is open.")
    bad = BadRequest(field_violations=[BadRequest.FieldViolation(field="title", description="is empty")])
    assert [*refusals.lines(failure(UNMET, "SELF_APPROVAL", "You wrote it.", unmet, bad))] == [
        "SELF_APPROVAL: You wrote it.",
        "  title: is empty",
        "  BLOCKING_COMMENTS: draft.blocking_comments: One is open.",
    ]


def test_what_collides_is_shown() -> None:
    """Who saved meanwhile, and of each field that collides what either side says."""
    conflict = EditConflict(saved_by=[Editor(display_name="Ada")], fields=["title", "body"])
    conflict.conflicts.add(field="title", theirs=Value(string_value="A"))
    conflict.conflicts.append(FieldConflict(field="body", hunks=[MergeHunk(yours_line=7, theirs="x\n", yours="y\n")]))
    assert [*refusals.lines(failure(grpc.StatusCode.ABORTED, "MERGE_CONFLICT", "No.", conflict))] == [
        "MERGE_CONFLICT: No.",
        "  saved meanwhile by Ada: title, body",
        "  title:",
        '    theirs: "A"',
        "    yours: —",
        "  body, line 7:",
        "    theirs: x",
        "    yours: y",
    ]


@pytest.mark.parametrize(("columns", "has_ids"), [(80, False), (200, True)])
def test_tables_fit(monkeypatch: pytest.MonkeyPatch, columns: int, has_ids: bool) -> None:
    """In a terminal no line is wider than that; what is of less use is there if there is room; what is written is no markup."""
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    row = ("/guidance/" + "harbour" * 6, "en", "A [bold] title of many words " * 3, "0190d5c3-0000")
    tables.show(("path", "locale", "title", "id"), [row], long={"path", "title"}, wide={"id"})
    assert max(map(len, click.unstyle(terminal.getvalue()).splitlines())) <= columns
    assert (row[3] in terminal.getvalue(), "[bold]" in terminal.getvalue()) == (has_ids, True)


def test_help_follows_the_day() -> None:
    """Commands stand in the order in which they are used, each described in a line that is not cut off; exit codes are said."""
    told = CliRunner().invoke(gazette, ["documents", "--help"]).output
    names = ["list", "create", "submit", "approve", "publish", "schedule", "withdraw", "restore"]
    places = [told.index(f"\n  {name} ") for name in names]
    assert places == sorted(places)
    assert "..." not in told.partition("Commands:")[2]
    assert "Exit codes: 0 done" in told


def test_a_service_that_is_away_is_no_refusal() -> None:
    """What cannot ask the service at all has the exit code 2."""
    who = ("--target", "127.0.0.1:1", "--email", "author@example.gov", "--password", "words that nobody knows")
    done = CliRunner().invoke(gazette, ["documents", "list", *who])
    assert (done.exit_code, "UNAVAILABLE" in done.stderr) == (2, True)


def test_a_url_is_no_target() -> None:
    """It is a wrong option, and the message says what to write."""
    who = ("--target", "http://127.0.0.1:8080/v1", "--email", "author@example.gov", "--password", "words that nobody knows")
    done = CliRunner().invoke(gazette, ["documents", "list", *who])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for --target" in done.stderr
    assert "write '127.0.0.1:8080'" in done.stderr
