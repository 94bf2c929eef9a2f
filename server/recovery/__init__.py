"""Backups, and what comes back from them. Nothing here runs in a serving process.

- **backup**: a dump and a base backup of the database, the inventory of the files, and a manifest that vouches for all of them.
- **vault**: where backups are: a bucket of their own, or a folder. What is in it is sealed where there is a key.
- **WAL archive**: what PostgreSQL has written since, by which a base backup is brought to any moment.
"""
