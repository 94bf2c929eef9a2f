"""Uploads whose bytes are all in the quarantine become files, or are rejected.

- **examination**: one look through what was stored: hashed, taken for what its first bytes say, parsed as that in a process of
  its own, scanned for viruses.
- **found**: what an examination found in a file that is sound.
- **promotion**: its bytes leave the quarantine for the name that they have by their SHA-256, if they are still those that were
  looked at.
- **holder**: who is at an upload. It says so again and again; when it does no more, another goes on where it was.
"""
