"""Repetitions: a few of them for every commit, all of them at night, by one body with another number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some_of(every: Iterable[str], *few: str) -> list[Any]:
    """All of them, as values of a parameter; those that are not among the `few` are marked `soak`."""
    return [each if each in few else pytest.param(each, marks=pytest.mark.soak) for each in every]


def rounds(few: int, many: int, name: str = "rounds") -> pytest.MarkDecorator:
    """The test's argument of this name. With `many` the test is marked `soak`, which runs only where it is asked for: with
    SOAK=1, or by `-m soak`."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=pytest.mark.soak)])
