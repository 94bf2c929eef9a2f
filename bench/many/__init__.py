"""An installation with 1,000 documents, and then with 100,000: lists, saves, publication, imports, and what is stored."""

from bench.many.comparison import main

__all__ = ["main"]
