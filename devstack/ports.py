"""TCP ports on loopback: which are free, and one line for one that is not."""

import random
import socket
import time

from devstack.errors import DevstackError

LOOPBACK = "127.0.0.1"

# Below the range that kernels hand out to outgoing connections, so that a port is still free when its server restarts.
_CHOICE = range(15_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier server that linger in TIME_WAIT do not make its port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nothing listens on now, chosen at random so that stacks side by side do not meet."""
    while not is_free(port := random.choice(_CHOICE)):
        pass
    return port


def claim(variable: str, port: int, *, patience: float = 0) -> int:
    """The port itself when it is free, or becomes so within `patience` seconds; any free one for 0."""
    if port == 0:
        return free_port()
    deadline = time.monotonic() + patience
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not is_free(port):
        raise DevstackError(f"port {port} is taken: stop what listens there, or choose another with {variable}=…")
    return port
