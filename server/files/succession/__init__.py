"""New bytes take a file's place: what it was becomes a former version of it, and its pages follow."""
