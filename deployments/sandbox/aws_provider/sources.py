"""Finds which of AWS's types the code in a folder names.

Terraform decodes a resource by its schema before it calls the provider, even with `count = 0`. So the schema must
contain every type that the code names. Sending all 2,400 types would add a second to every command. So when Terraform
requests the schemas, the folder that it runs in and its installed modules are searched for names.
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
    """Return every word in the code of `root` and its modules that may name a type.

    The result may contain words that are not types, but no type is missing.
    """
    words = (
        word for folder in _folders(root) for file in _files(folder) for word in _NAME.findall(file.read_bytes())
    )
    return frozenset(word.decode() for word in words)


def _files(folder: Path) -> Iterator[Path]:
    # Terraform's tests, which may mock types, are beside the code or in the folder `tests`.
    for place in (folder, folder / "tests"):
        if place.is_dir():
            yield from sorted(file for file in place.iterdir() if file.name.endswith(_CODE) and file.is_file())


def _folders(root: Path) -> list[Path]:
    listing = root / os.environ.get("TF_DATA_DIR", ".terraform") / "modules" / "modules.json"
    if not listing.is_file():
        return [root]
    modules = json.loads(listing.read_text())["Modules"]
    return sorted({root, *(root / module["Dir"] for module in modules)})
