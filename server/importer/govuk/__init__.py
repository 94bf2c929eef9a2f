"""Imports from GOV.UK: its content items become documents, its schemas content types. Pure, but for reading the source."""
