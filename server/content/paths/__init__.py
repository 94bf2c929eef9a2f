"""Paths: where documents are, and are to be, read ([docs/paths.md](../../../docs/paths.md)).

- **swap**: two documents of one language that change places.
- **parked**: a document whose path is nobody's for the moment, within a transaction: two rows cannot exchange what only one of
  them may have.
"""

from server.content.paths.uses import others_use

__all__ = ["others_use"]
