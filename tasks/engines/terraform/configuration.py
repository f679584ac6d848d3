"""Read from a root's code what no plan says: what is secret, ignored, protected, moved and imported.

It is read only to mask an error, to judge a difference or to roll back: parsing takes about 0.2 s a folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.engines.terraform import code
from tasks.engines.terraform.code import Block

MODULES = Path(".terraform/modules/modules.json")
"""The file in which `terraform init` records each module's folder."""
_STEP = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")
"""An instance key in an address: `[0]`, `["a key, which may hold anything: [x].y"]`."""

ALL = "*"
"""Used in place of attribute names if the whole object is ignored."""


def sensitive_values(folder: Path, inputs: Mapping[str, Any], files: Iterable[Path] = ()) -> tuple[Any, ...]:
    """Return all values that the variables marked `sensitive` or `ephemeral` may have, whether set or default.

    Args:
        folder: the root's folder.
        inputs: the unit's inputs.
        files: files of variables besides those that terraform loads automatically.
    """
    declared = {
        block.name: block.body for block in code.readable_blocks(folder, "variable") if _is_secret(block.body)
    }
    given = [*file_values(folder), *map(read_values, files)]
    defaults = {name: body.get("default") for name, body in declared.items()}
    return tuple(values[name] for values in (defaults, *given, inputs) for name in declared if name in values)


def has_ephemeral_variables(folder: Path) -> bool:
    """Tell whether a root has variables whose values are in no saved plan."""
    named = (file for file in code.files(folder) if "ephemeral" in file.read_text(errors="replace"))
    return any(block.body.get("ephemeral") is True for file in named for block in code.blocks_in(file, "variable"))


def ignored(folder: Path, address: str) -> frozenset[str]:
    """Return the top-level attributes of an object that the code ignores; `ALL` if it ignores every one."""
    found = (entry for block in _lifecycles(folder, address) for entry in _listed(block.body))
    return frozenset(ALL if entry == "all" else re.split(r"[.\[]", entry)[0] for entry in found)


def is_undeletable(folder: Path, address: str) -> bool:
    """Tell whether the code protects an object with `prevent_destroy`."""
    return any(block.body.get("prevent_destroy") is True for block in _lifecycles(folder, address))


def moves(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return (from, to) of the `moved` blocks of a root and its modules, as addresses in the root."""
    return tuple(
        (f"{prefix}{code.address(block.body.get('from'))}", f"{prefix}{code.address(block.body.get('to'))}")
        for prefix, where in _modules(folder)
        for block in code.readable_blocks(where, "moved")
    )


def imports(folder: Path) -> frozenset[str]:
    """Return the addresses in a root's `import` blocks."""
    return frozenset(code.address(block.body.get("to")) for block in code.readable_blocks(folder, "import"))


def _is_secret(body: Mapping[str, Any]) -> bool:
    return body.get("sensitive") is True or body.get("ephemeral") is True


def _lifecycles(folder: Path, address: str) -> Iterator[Block]:
    """Yield the `lifecycle` blocks of the object at an address."""
    *modules, kind, name = _STEP.sub("", address).split(" ")[0].split(".")
    prefix = "".join(f"{step}." for step in modules)
    for where in (folder for known, folder in _modules(folder) if known == prefix):
        for block in code.readable_blocks(where, "resource"):
            if block.labels == (kind, name):
                yield from block.inner("lifecycle")


def _listed(lifecycle: Mapping[str, Any]) -> list[str]:
    written = lifecycle.get("ignore_changes", [])
    entries = written if isinstance(written, list) else [written]
    return [code.address(entry) for entry in entries]


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Return (address prefix, folder) of the root and its modules; a prefix is like "module.a.module.b."."""
    file = folder / MODULES
    known = json.loads(file.read_text())["Modules"] if file.is_file() else ()
    named = [(item["Key"], folder / item["Dir"]) for item in known if item["Key"]]
    return [("", folder), *(("".join(f"module.{name}." for name in key.split(".")), where) for key, where in named)]


def file_values(folder: Path) -> list[Mapping[str, Any]]:
    """Return the values in the files of variables that terraform loads automatically; unreadable ones are empty."""
    names, endings = ("terraform.tfvars", "terraform.tfvars.json"), (".auto.tfvars", ".auto.tfvars.json")
    found = (file for file in sorted(folder.iterdir()) if file.name in names or file.name.endswith(endings))
    return [read_values(file) for file in found]


def read_values(file: Path) -> Mapping[str, Any]:
    """Return the values in a file of variables; empty if it cannot be read."""
    try:
        return code.values(file)
    except InvalidInput:
        return {}
