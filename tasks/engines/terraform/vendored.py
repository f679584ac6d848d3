"""The modules from elsewhere that a release has taken in: given to terraform as what it has fetched already.

    .flowmart/modules/<digest>/             the content of one module
    .flowmart/modules/roots/<digest>.json   of one root: terraform's note, and which content belongs to each module

Source: terraform takes a module from `.terraform/modules` if `modules.json` has its key there with its source and
version (hashicorp/terraform, internal/initwd/module_install.go).
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
"""Below what sources are relative to: what releases hold besides the files of their commit."""

FETCHED = MODULES.parent
"""Where terraform keeps modules that it has fetched, below the root."""


def provide(root: Path, source: str, folder: Path | None = None) -> None:
    """Put the modules of a release where terraform looks for what it has fetched.

    Args:
        root: what sources are relative to.
        source: the unit's folder.
        folder: where terraform runs for it, if that is elsewhere.
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
    """Write down for the root at `source` which modules were taken into the release for it."""
    record = record_of(root, source)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(taken_in, indent=1, sort_keys=True) + "\n")


def reads(root: Path, source: str) -> tuple[str, ...]:
    """The file of a release that tells the content of every module that a root has from elsewhere."""
    record = record_of(root, source)
    return (record.relative_to(root).as_posix(),) if record.is_file() else ()


def contents(root: Path, source: str) -> dict[str, str]:
    """{module of a root that is from elsewhere: the name of its content}."""
    record = record_of(root, source)
    found: dict[str, str] = json.loads(record.read_text())["contents"] if record.is_file() else {}
    return {f"module {name}": content for name, content in found.items()}


def record_of(root: Path, source: str) -> Path:
    """Where a release keeps what it knows of the modules of one root."""
    name = hashlib.sha256(os.path.normpath(source).encode()).hexdigest()[:16]
    return root / FOLDER / "roots" / f"{name}.json"


def kept(place: Path, content: Path) -> str:
    """The name of a folder below `place` with this content; git's own folder is no content."""
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
