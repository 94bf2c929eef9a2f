"""`gazette files`, as a client of the API: files go up, come down, are listed, replaced, deleted and brought back."""
