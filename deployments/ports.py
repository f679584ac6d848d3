"""Chooses free TCP ports of 127.0.0.1.

They lie below the range that operating systems give to outgoing connections by default (from 32768 on Linux, from
49152 on macOS and Windows). A connection could otherwise take the port before the
service that it was chosen for listens on it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Collection
from contextlib import suppress

_CANDIDATES = range(20000, 32768)

_ATTEMPTS = 100


def free(given: Collection[int] = ()) -> int:
    """Return a free port, chosen at random so that commands that start at the same time choose different ones.

    Args:
        given: ports that were chosen for others, which may not listen yet.

    Raises:
        OSError: all ports that were tried are in use.
    """
    candidates = [port for port in _CANDIDATES if port not in given]
    for port in random.sample(candidates, min(_ATTEMPTS, len(candidates))):
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
