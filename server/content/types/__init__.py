"""Content types: the kinds of documents, shared by all organisations."""
