"""What lists share: the pages that one is read in, and the order in which a walk through them misses nothing."""
