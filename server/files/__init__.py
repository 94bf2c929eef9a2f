"""Files: uploaded binaries, and who may have them.

- **file**: an uploaded binary with what is known of it. Its bytes are a **blob** in the object storage.
- **upload**: the way in. Bytes are counted, hashed and looked at while they come; what does not arrive as it was declared
  leaves nothing behind.
- **pending**: the bytes are on their way, or wait to be examined.
- **ready**: the blob is there, and is what the file says of it.
- **public**: a page that anyone can read has the file attached. Before, and afterwards, it is for those who may read its
  organisation's files, and for everybody else there is none.
- **unused**: it was never public, and no revision of a document names it. Such a file is removed in the end; what was once
  public stays in the storage, as the record stays.
"""

from server.files.exporting import present, public
from server.files.failures import FileBytesMissing, FileTooLarge
from server.files.pictures import NO_PICTURES, PICTURE_MOST, SET_MOST, Pictures, is_own, sizes
from server.files.publishing import described, known, parameters, publish, shows, shows_also, shows_no_more, standing
from server.files.states import is_on_its_way, is_ready, told
from server.files.states import name as state_name
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
    "is_on_its_way",
    "is_own",
    "is_ready",
    "known",
    "parameters",
    "present",
    "public",
    "publish",
    "removal",
    "shows",
    "shows_also",
    "shows_no_more",
    "sizes",
    "standing",
    "state_name",
    "told",
]
