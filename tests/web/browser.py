"""Chromium: this machine's, or Debian's, installed once where that may be done."""

from __future__ import annotations

import shutil

from tests.installing import debian, missing

PROGRAMS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")


def chromium() -> str:
    """The path of Chromium. Skips the test where there is none and nobody may install it."""
    found = first_found()
    if found:
        return found
    try:
        debian("chromium")
    except AssertionError as error:
        missing(f"there is no Chromium, and Debian's could not be installed: {error}")
    return first_found() or missing("there is no Chromium, though Debian's is installed")


def first_found() -> str:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")
