"""Repetitions: a few of them for every commit, all of them at night, by one body with another number."""

from __future__ import annotations

import pytest


def rounds(few: int, many: int, name: str = "rounds") -> pytest.MarkDecorator:
    """The test's argument of this name. With `many` the test is marked `soak`, which runs only where it is asked for: with
    SOAK=1, or by `-m soak`."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=pytest.mark.soak)])
