"""Tests of the editors' commands."""
