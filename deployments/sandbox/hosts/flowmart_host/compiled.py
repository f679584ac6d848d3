"""Cache the code that Python compiles from modules in an archive, by their content.

For every task, Ansible sends an archive of a hundred modules. Python compiles modules in an archive each time, which
is a third of a task's cost on a host.

Every Python process of a host runs this at startup, so it imports late.
"""

from __future__ import annotations

import marshal
import os
import zipimport
from types import CodeType

FOLDER = "/usr/local/lib/flowmart/compiled"

_COMPILE = "_compile_source"
"""The function with which `zipimport` compiles a module. A Python version without it compiles as usual."""


def keep(folder: str = FOLDER) -> None:
    """Make this process reuse code that other processes compiled into `folder`, and add its own."""
    compile_source = getattr(zipimport, _COMPILE, None)
    if compile_source is None:
        return

    def compiled(path: str, source: bytes) -> CodeType:
        from importlib.util import source_hash

        # The hash that checks .pyc files (PEP 552). It includes Python's version.
        name = source_hash(source).hex()
        code = _read(folder, name)
        if code is None:
            code = compile_source(path, source)
            _write(folder, name, code)
        return code

    setattr(zipimport, _COMPILE, compiled)


def _read(folder: str, name: str) -> CodeType | None:
    from pathlib import Path

    try:
        # Only this host's root can have written it.
        code = marshal.loads(Path(folder, name).read_bytes())  # noqa: S302
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def _write(folder: str, name: str, code: CodeType) -> None:
    """Save the code, if this user may write there. Other users of a host compile it each time."""
    from pathlib import Path

    unfinished = Path(folder, f"{name}.{os.getpid()}")
    try:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(marshal.dumps(code))
        unfinished.replace(unfinished.with_suffix(""))
    except OSError:
        return
