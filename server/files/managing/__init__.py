"""Files as editors keep them: listed, changed, replaced, deleted, restored."""
