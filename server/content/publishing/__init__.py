"""Publication: a revision becomes what the public sees."""
