"""The importer: mapping, refusals, and imports through a real server."""
