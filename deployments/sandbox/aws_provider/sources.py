"""Which of AWS's types the code in a folder names.

Terraform decodes a resource by its schema before it asks the provider anything, `count = 0` or not. So the schema
must have every type that the code names; that of all 2,400 would cost each command a second. So the folder that
terraform runs in is looked through when the schemas are asked for, and so are its installed modules.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(rb"\baws_\w+")
_CODE = (".tf", ".tofu", ".tf.json", ".tofu.json", ".hcl", ".tftest.json", ".tofutest.json")


def types_named(root: Path) -> frozenset[str]:
    """Every word in the code of `root` and its modules that may name a type: too many, not too few."""
    words = (
        word for folder in _folders(root) for file in _files(folder) for word in _NAME.findall(file.read_bytes())
    )
    return frozenset(word.decode() for word in words)


def _files(folder: Path) -> Iterator[Path]:
    # Terraform's tests, which may mock types, are beside the code or in this folder.
    for place in (folder, folder / "tests"):
        if place.is_dir():
            yield from sorted(file for file in place.iterdir() if file.name.endswith(_CODE) and file.is_file())


def _folders(root: Path) -> list[Path]:
    listing = root / os.environ.get("TF_DATA_DIR", ".terraform") / "modules" / "modules.json"
    if not listing.is_file():
        return [root]
    modules = json.loads(listing.read_text())["Modules"]
    return sorted({root, *(root / module["Dir"] for module in modules)})
