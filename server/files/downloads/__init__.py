"""The way out: who may have a file, and what an answer says of it."""
