"""Serves moto on loopback: quickly, quietly, and one request at a time.

moto looks through its own folders and classes on every request, which is a third of what an answer costs: here it
does so once. moto's models are plain Python objects that are not made for several threads. Connections are served by
a thread each; the requests on them take turns, which costs nothing because of the interpreter's own lock.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.iam.models import IAMBackend, ManagedPolicy
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from deployments.sandbox.aws_server import authorization, gaps, images, not_emulated
from deployments.sandbox.aws_server.usage import Usage

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _QuietHandler(MotoRequestHandler):
    """A request handler that logs no requests, because a promotion sends thousands."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Dispatcher(DomainDispatcherApplication):
    """A dispatcher that remembers which service each host name selects, because moto's own looks it up every time."""

    def __init__(self) -> None:
        super().__init__(not_emulated.refusing(create_backend_app))
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


def one_at_a_time(application: Wsgi) -> Wsgi:
    """Return an application that passes requests to `application` from one thread at a time.

    Request bodies are read before a request waits for its turn, so a slow sender does not block others.
    """
    turn = Lock()

    def take_turns(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with turn:
            return list(application(environ, start_response))

    return take_turns


def know_managed_policies() -> None:
    """Make the policies that AWS manages available in all accounts, so that roles can have them attached.

    moto would load them for every partition of AWS (China, government, ...) in every account. Each load takes a tenth
    of a second and some megabytes. All accounts of the sandbox are in the first partition.
    """
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    read = IAMBackend._init_aws_policies

    def read_for_aws(backend: IAMBackend) -> list[ManagedPolicy]:
        return read(backend) if backend.partition == "aws" else []

    IAMBackend._init_aws_policies = read_for_aws  # type: ignore[assignment,method-assign]


def main() -> None:
    """Serve until SIGTERM arrives."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.aws_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--images", type=Path, help="a file with ids of AWS's own images, besides those of moto")
    parser.add_argument("--used", type=Path, help="a file that gets a line for each action that a role has used")
    given = parser.parse_args()
    port = given.port
    images.know(given.images.read_text().split() if given.images else ())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    warnings.filterwarnings("ignore", module="moto")
    authorization.install(Usage(given.used))
    gaps.close()
    know_managed_policies()
    responses.method_names_from_class = lru_cache(method_names_from_class)  # type: ignore[attr-defined]
    application = one_at_a_time(_Dispatcher())
    make_server("127.0.0.1", port, application, threaded=True, request_handler=_QuietHandler).serve_forever()


if __name__ == "__main__":
    main()
