"""Read a terraform root's interface: its variables with their types, and the names of its outputs.

Terraform knows the type of an output only once it has a value, so every output has the kind "any".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.engines.base import Interface
from tasks.engines.terraform import code

_TYPE = re.compile(r"\$?\{?\s*(\w+)")
_KINDS = {
    "string": "string",
    "number": "number",
    "bool": "bool",
    "list": "list",
    "set": "list",
    "tuple": "list",
    "map": "map",
    "object": "map",
}


def interface(infrastructure: Path, source: str) -> Interface:
    """Return the interface of the root at `source`.

    Raises:
        InvalidInput: names the file that cannot be read.
    """
    folder = infrastructure / source
    variables: dict[str, Mapping[str, Any]] = {}
    for block in code.blocks(folder, "variable"):
        variables[block.name] = {**variables.get(block.name, {}), **block.body}
    return Interface(
        accepts={name: _kind(body.get("type")) for name, body in variables.items()},
        required=frozenset(name for name, body in variables.items() if "default" not in body),
        gives={block.name: "any" for block in code.blocks(folder, "output")},
    )


def _kind(written: Any) -> str:
    named = _TYPE.match(str(written)) if written is not None else None
    return _KINDS.get(named[1], "any") if named else "any"
