"""Which types the HCL in a folder uses that the stand-in does not emulate.

Terraform decodes a resource by its schema before it asks the provider anything, and the stand-in has no schema of a
type that it does not emulate: the complaint would be about an invalid type, or about its arguments. So the folder
that terraform runs in is looked through when the schemas are asked for, and so are its installed modules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from deployments.sandbox.aws_provider.schema import catalog

_DECLARATION = re.compile(r'^\s*(resource|data)\s+"(aws_\w+)"', re.MULTILINE)


def not_emulated_types(root: Path) -> list[tuple[str, str]]:
    """Every real type used in `root` or its modules that is not emulated, and where: [("aws_x", "at main.tf:3")]."""
    return [finding for folder in _folders(root) for file in sorted(folder.glob("*.tf")) for finding in _in(file)]


def _folders(root: Path) -> list[Path]:
    listing = root / ".terraform" / "modules" / "modules.json"
    if not listing.is_file():
        return [root]
    modules = json.loads(listing.read_text())["Modules"]
    return sorted({root, *(root / module["Dir"] for module in modules)})


def _in(file: Path) -> Iterator[tuple[str, str]]:
    known = catalog()
    text = file.read_text(errors="replace")
    for match in _DECLARATION.finditer(text):
        kind, name = match.groups()
        emulated = known.resources if kind == "resource" else known.data_sources
        real = known.known_resources if kind == "resource" else known.known_data_sources
        if name in real and name not in emulated:
            line = text.count("\n", 0, match.start(1)) + 1
            yield (name if kind == "resource" else f"data.{name}"), f"at {file}:{line}"
