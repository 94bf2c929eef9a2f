"""Gazette's Python client: the generated services of package `gazette`, with signing in, retries, deadlines and typed errors.

`AsyncClient` is for asyncio, `Client` for threads; `messages` has what they are asked and answer, `errors` what can go wrong.
"""

from gazette_client import errors, messages
from gazette_client.async_client import AsyncClient
from gazette_client.client import Client
from gazette_client.errors import GazetteError
from gazette_client.retries import Retry
from gazette_client.version import VERSION

__all__ = ["AsyncClient", "Client", "GazetteError", "Retry", "errors", "messages"]

__version__ = VERSION
