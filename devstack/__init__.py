"""The embedded stack: real PostgreSQL, Redis and Envoy from PyPI wheels, for `make run` and for the tests.

`Stack` starts the stores; `python -m devstack run` starts everything. Nothing here is shipped, and nothing of the
server is imported: it is started as its user would start it.
"""

from devstack.errors import DevstackError
from devstack.stack import Stack

__all__ = ["DevstackError", "Stack"]
