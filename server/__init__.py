"""Gazette's server. Folders are the domain, files are plumbing; `app.py` puts them together."""
