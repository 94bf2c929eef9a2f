"""What caches before Gazette are to forget at once.

A version of a public file, and its renditions, may be kept for a year without another question (FILE_MAX_AGE). What ends that
earlier is told to the CDN, by the name that all answers of a file carry (`surrogate-key`, `cache-tag`). It stands in
`cache_purges` from the transaction on that makes it so, and a job sends it, again and again until the CDN has taken it.
"""

from server.files.purging.queries import purge, purges

__all__ = ["purge", "purges"]
