"""Reusable blocks: documents that are shown within the pages of others, wherever a body says `[[block:…]]`."""
