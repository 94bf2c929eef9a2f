"""Translations: documents that say the same in several languages, and what one lacks that another says."""
