"""Tests of mail, with a real mail server."""
