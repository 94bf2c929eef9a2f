"""Gazette's server. A domain is a folder, and so is each kind of plumbing; `app.py` puts them together."""
