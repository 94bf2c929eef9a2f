"""Comments: what people say to a document while they work on it, in threads."""
