"""What becomes of bytes that have arrived: examined in the quarantine, then promoted to a blob of the file's, or rejected."""
