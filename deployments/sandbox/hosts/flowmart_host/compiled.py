"""Keeps what Python compiles of the modules in an archive, by what they say.

With every task Ansible sends an archive of a hundred modules, and Python compiles those of an archive anew each time:
a third of what a task costs on a host.

Every Python of a host runs this when it starts, so it imports late.
"""

from __future__ import annotations

import marshal
import os
import zipimport
from types import CodeType

FOLDER = "/usr/local/lib/flowmart/compiled"

_COMPILE = "_compile_source"
"""What `zipimport` calls for a module without a compiled one beside it. A Python without it compiles as ever."""


def keep(folder: str = FOLDER) -> None:
    """Let this process take from `folder` what another one has compiled, and add to it."""
    compile_source = getattr(zipimport, _COMPILE, None)
    if compile_source is None:
        return

    def compiled(path: str, source: bytes) -> CodeType:
        from importlib.util import source_hash

        # What files .pyc are checked by (PEP 552); the version of Python is part of it.
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
        # Only root of this host can have written it.
        code = marshal.loads(Path(folder, name).read_bytes())  # noqa: S302
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def _write(folder: str, name: str, code: CodeType) -> None:
    """For who may write there: other users of a host compile for themselves."""
    from pathlib import Path

    unfinished = Path(folder, f"{name}.{os.getpid()}")
    try:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(marshal.dumps(code))
        unfinished.replace(unfinished.with_suffix(""))
    except OSError:
        return
