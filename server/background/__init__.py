"""Work that a process does beside the calls that it answers."""
