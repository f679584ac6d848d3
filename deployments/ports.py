"""Chooses free TCP ports of 127.0.0.1.

They lie below the range that operating systems give to outgoing connections by default (from 32768 on Linux, from
49152 on macOS and Windows). A connection could otherwise take the port before the
service that it was chosen for listens on it.
"""

from __future__ import annotations

import random
import socket
from contextlib import suppress

_CANDIDATES = range(20000, 32768)

_ATTEMPTS = 100


def free() -> int:
    """Return a free port, chosen at random so that commands that start at the same time choose different ones.

    Raises:
        OSError: all ports that were tried are in use.
    """
    for port in random.sample(_CANDIDATES, _ATTEMPTS):
        if is_free(port):
            return port
    raise OSError(f"no free port on 127.0.0.1 among {_ATTEMPTS} from {_CANDIDATES.start} to {_CANDIDATES.stop - 1}")


def is_free(port: int) -> bool:
    """Tell whether a service can listen on this port; one that ended a moment ago does not prevent it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False
