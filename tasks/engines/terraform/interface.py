"""What a terraform root takes and gives: its variables with their types, and the names of its outputs.

Terraform knows an output's type only once it has a value, so all that is known before is that there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

from tasks.domain.errors import InvalidInput
from tasks.engines.base import Interface

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
    """The interface of the root at `source`; `InvalidInput` names the file that is no HCL."""
    blocks = list(_blocks(infrastructure / source))
    variables = {name: body for kind, name, body in blocks if kind == "variable"}
    return Interface(
        accepts={name: _kind(body.get("type")) for name, body in variables.items()},
        required=frozenset(name for name, body in variables.items() if "default" not in body),
        gives={name: "any" for kind, name, _ in blocks if kind == "output"},
    )


def _blocks(folder: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for file in sorted(folder.glob("*.tf")):
        try:
            found = hcl2.loads(file.read_text())
        except Exception as error:  # the parser's own, of many types
            raise InvalidInput(f"{file}: cannot be read as HCL: {str(error).splitlines()[0]}") from error
        for kind in ("variable", "output"):
            for block in found.get(kind, ()):
                for name, body in block.items():
                    yield kind, name.strip('"'), body


def _kind(written: Any) -> str:
    named = _TYPE.match(str(written)) if written is not None else None
    return _KINDS.get(named[1], "any") if named else "any"
