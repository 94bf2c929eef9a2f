"""What a test of web clients has to show, at the end of the run: traces and sizes, whether or not it failed."""

from __future__ import annotations

import pytest

SHOWN = "shown: "


def show(item: pytest.Item, title: str, text: str) -> None:
    """Has the text printed at the end of the run, by whichever process writes there."""
    item.add_report_section("call", f"{SHOWN}{title}", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for title, text in getattr(report, "sections", ()):
                if SHOWN in title and getattr(report, "when", "") == "call":
                    terminalreporter.section(title.partition(SHOWN)[2].removesuffix(" call"))
                    terminalreporter.write_line(text)
