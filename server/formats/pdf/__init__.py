"""PDF: how it is built, what its streams hold, what in it would run, what is known of it, and what it says."""
