"""Editing: what an editor or a script does to documents from a command line, as a client of the API like any other."""
