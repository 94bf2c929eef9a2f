"""Chromium: this machine's, or Debian's, installed once where that may be done."""

from __future__ import annotations

import shutil

from tests.installing import debian

PROGRAMS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")


def chromium() -> str:
    """The path of Chromium. Skips the test where there is none and nobody may install it."""
    found = first_found()
    if not found:
        debian("chromium")
        found = first_found()
    assert found, "Debian's chromium is installed, and is not on the path"
    return found


def first_found() -> str:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")
