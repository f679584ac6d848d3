"""The warm server: it imports and parses everything that a provider process needs once, then forks a child for each.

    python -m deployments.sandbox.aws_provider.serve --socket PATH

Terraform starts the provider two to four times per command, and starting Python with gRPC and boto3 takes a second
each time. So the launcher in the mirror passes its environment, folder and output to this server. The forked child
serves only that terraform process, with its credentials, and ends with it. The parent imports gRPC but never uses it,
because gRPC's threads do not survive a fork.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

from deployments.sandbox.aws_provider.aws import CONFIG, new_session
from deployments.sandbox.aws_provider.plugin import Identity, serve_terraform
from deployments.sandbox.aws_provider.registry import RESOURCES
from deployments.sandbox.aws_provider.servicer import SchemaResponse

# The size of sun_path in <sys/un.h>, minus the terminating zero byte.
LONGEST_PATH = 107


def warm_up() -> tuple[Identity, Any]:
    """Load everything that children inherit: the schemas, a key and botocore's service models.

    Returns:
        The identity with the key, and botocore's warm loader of service models.
    """
    SchemaResponse.answer()
    identity = Identity()
    identity.for_handshake()
    session = new_session()
    session.set_credentials("none", "none")
    for service in sorted({"sts", *(resource.service for resource in RESOURCES.values())}):
        session.create_client(service, region_name="eu-west-1", config=CONFIG)
    return identity, session.get_component("data_loader")


def listen(path: Path) -> socket.socket:
    """Return a listening socket that only its owner may connect to. It replaces the socket of a dead server.

    Args:
        path: the path of the Unix socket, at most `LONGEST_PATH` bytes long.

    Raises:
        SystemExit: the path is too long.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        sys.exit(f"the socket's path has more than {LONGEST_PATH} bytes: {path}\nChoose a shorter --socket.")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    previous = os.umask(0o177)
    listener.bind(str(path))
    os.umask(previous)
    listener.listen(64)
    return listener


def serve(path: Path) -> NoReturn:
    """Fork a child for each launcher that connects, until SIGTERM or SIGINT arrives."""
    identity, loader = warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(0))
    gc.freeze()
    listener = listen(path)
    print(f"serving terraform providers on {path}", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _child(connection, identity, loader)
        connection.close()


def _child(connection: socket.socket, identity: Identity, loader: Any) -> NoReturn:
    ended = threading.Event()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # Ctrl-C reaches the whole process group, but terraform decides when its provider ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = 1
    try:
        _become(connection)
        threading.Thread(target=_end_with, args=(connection, ended), daemon=True).start()
        serve_terraform(identity, ended, loader)
        status = 0
    finally:
        if error := sys.exception():
            traceback.print_exception(error)
        # A normal exit would wait for gRPC's threads.
        os._exit(status)


def _become(connection: socket.socket) -> None:
    """Take over the launcher's environment, folder, standard output and standard error."""
    size, fds, _, _ = socket.recv_fds(connection, 8, 2)
    wanted = int.from_bytes(size, "big")
    received = bytearray()
    while len(received) < wanted:
        more = connection.recv(wanted - len(received))
        if not more:
            raise ConnectionError("the launcher ended before it had sent its environment")
        received += more
    message = json.loads(received)
    os.environ.clear()
    os.environ.update(message["environment"])
    os.chdir(message["folder"])
    for fd, target in zip(fds, (1, 2), strict=True):
        os.dup2(fd, target)
        os.close(fd)


def _end_with(connection: socket.socket, ended: threading.Event) -> None:
    """Set `ended` when the connection closes, which means that terraform ended or killed the launcher."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    ended.set()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--socket", type=Path, required=True)
    serve(arguments.parse_args().socket)
