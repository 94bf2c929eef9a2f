"""What the embedded stack says when it cannot go on."""


class DevstackError(Exception):
    """Says in one line what is wrong and how to mend it; for a server that failed, the end of its log follows."""
