"""The remote modules in a release. Terraform gets them as if it had already fetched them.

    .flowmart/modules/<digest>/             the content of one module
    .flowmart/modules/roots/<digest>.json   for one root: terraform's modules.json, and the content of each module

Source: terraform uses a module in `.terraform/modules` if `modules.json` has its key with the same source and version
(hashicorp/terraform, internal/initwd/module_install.go).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.engines.terraform.configuration import MODULES

FOLDER = ".flowmart/modules"
"""The folder for content that is not in the commit, below the folder that sources are relative to."""

FETCHED = MODULES.parent
"""The folder where terraform keeps fetched modules, below the root."""


def provide(root: Path, source: str, folder: Path | None = None) -> None:
    """Copy a release's modules to where terraform expects fetched ones. Nothing is done if some are there.

    Args:
        root: the folder that sources are relative to.
        source: the unit's folder.
        folder: the folder that terraform runs in, if it is not the unit's.
    """
    record, run_in = record_of(root, source), folder or root / source
    place = run_in / FETCHED
    if not record.is_file() or place.exists():
        return
    found = json.loads(record.read_text())
    for name, content in found["contents"].items():
        shutil.copytree(root / FOLDER / content, place / name, symlinks=True)
    (run_in / MODULES).write_text(json.dumps(found["note"]))


def write(root: Path, source: str, taken_in: Mapping[str, Any]) -> None:
    """Record for the root at `source` which modules the release contains."""
    record = record_of(root, source)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(taken_in, indent=1, sort_keys=True) + "\n")


def reads(root: Path, source: str) -> tuple[str, ...]:
    """Return the release's file that records the content of a root's remote modules; empty if there is none."""
    record = record_of(root, source)
    return (record.relative_to(root).as_posix(),) if record.is_file() else ()


def contents(root: Path, source: str) -> dict[str, str]:
    """Return {remote module of a root: the name of its content}."""
    record = record_of(root, source)
    found: dict[str, str] = json.loads(record.read_text())["contents"] if record.is_file() else {}
    return {f"module {name}": content for name, content in found.items()}


def record_of(root: Path, source: str) -> Path:
    """Return the file in a release that records the modules of one root."""
    name = hashlib.sha256(os.path.normpath(source).encode()).hexdigest()[:16]
    return root / FOLDER / "roots" / f"{name}.json"


def kept(place: Path, content: Path) -> str:
    """Copy a module's content to a folder below `place` that is named by its digest, and return the name.

    Git's own folder is removed first: it is not part of the content.
    """
    shutil.rmtree(content / ".git", ignore_errors=True)
    name = _digest(content)
    if not (place / name).exists():
        shutil.copytree(content, place / name, symlinks=True)
    return name


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.is_file():
            data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            whole.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()[:16]
