"""Files: uploaded binaries, and who may have them.

- **file**: an uploaded binary with what is known of it. Its bytes are a **blob** in the object storage.
- **upload**: the way in. Bytes are counted, hashed and looked at while they come; what does not arrive as it was declared
  leaves nothing behind.
- **pending**: the blob is on its way. Nobody sees a pending file, and one that stays so is swept away.
- **ready**: the blob is there, and is what the file says of it.
- **public**: a published document has the file attached. Until then it is for those who may read its organisation's files, and
  for everybody else there is none.
"""

from server.files.publishing import publish

__all__ = ["publish"]
