"""The object storage held against the database, both ways.

- **orphan**: what is in the storage and nothing refers to: of a process that was killed, or of a database that is older than
  the storage. It goes once it is a day old.
- **lost**: the blob of a file, or of a former version of one, that is not in the storage, or is of another length. It is told
  of, and nothing is changed.
"""
