"""Files on their way: what is sent, in which way, and what becomes of a download. The calls themselves are the clients'.

A transfer is written once, as a generator that says what to do next and is told how it went; both clients do it.
"""

from gazette_client.files.addresses import rendition_path, specification
from gazette_client.files.sources import Progress, Source

__all__ = ["Progress", "Source", "rendition_path", "specification"]
