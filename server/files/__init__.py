"""Files: uploaded binaries, and who may have them.

- **file**: an uploaded binary with what is known of it. Its bytes are a **blob** in the object storage.
- **upload**: the way in. Bytes are counted, hashed and looked at while they come; what does not arrive as it was declared
  leaves nothing behind.
- **pending**: the blob is on its way. Nobody sees a pending file, and one that stays so is swept away.
- **ready**: the blob is there, and is what the file says of it.
- **public**: a page that anyone can read has the file attached. Before, and afterwards, it is for those who may read its
  organisation's files, and for everybody else there is none.
- **unused**: it was never public, and no revision of a document names it. Such a file is removed in the end; what was once
  public stays in the storage, as the record stays.
"""

from server.files.exporting import present, public
from server.files.failures import FileBytesMissing, FileTooLarge
from server.files.pictures import NO_PICTURES, PICTURE_MOST, SET_MOST, Pictures, is_own, sizes
from server.files.publishing import described, parameters, publish, ready, shows, shows_also, shows_no_more
from server.files.unused import removal
from server.files.uploads.importing import Imports, id_elsewhere

__all__ = [
    "NO_PICTURES",
    "PICTURE_MOST",
    "SET_MOST",
    "FileBytesMissing",
    "FileTooLarge",
    "Imports",
    "Pictures",
    "described",
    "id_elsewhere",
    "is_own",
    "parameters",
    "present",
    "public",
    "publish",
    "ready",
    "removal",
    "shows",
    "shows_also",
    "shows_no_more",
    "sizes",
]
