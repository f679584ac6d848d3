"""Which files a terraform root reads: its own folder, and every local path that its code names, transitively.

A release's digest of a unit must change exactly when something that the unit reads does. Terraform resolves
module sources and file functions at run time; here every string that begins with ./ or ../ (after an optional
${path.module}/ or ${path.root}/) and names something that exists is taken as read, which can only err on the
side of planning once too often.
"""

from __future__ import annotations

import re
from pathlib import Path

from tasks.domain.errors import InvalidInput

_LOCAL = re.compile(r'"(?:\$\{path\.(?:module|root)\}/)?(\.{1,2}/[^"$]*?)/*"')
_CODE = (".tf", ".tf.json", ".tofu")
_NOT_READ = (".md", ".tftest.hcl", ".tftest.json")


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Paths, relative to `infrastructure`, of all files that the root at `source` reads; sorted."""
    found: set[Path] = set()
    waiting = [(infrastructure / source).resolve()]
    while waiting:
        place = waiting.pop()
        for file in _files(place):
            if file not in found:
                found.add(file)
                waiting += _named(file)
    return tuple(sorted(_inside(file, infrastructure.resolve(), source) for file in found))


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [file for file in place.glob("*") if file.is_file() and not file.name.endswith(_NOT_READ)] + [
        file for folder in place.glob("*") if _belongs(folder) for file in folder.rglob("*") if file.is_file()
    ]


def _belongs(folder: Path) -> bool:
    """Sub-folders with templates and scripts are the module's own; tests and nested modules are not read."""
    return folder.is_dir() and not folder.name.startswith(".") and folder.name not in ("tests", "modules", "examples")


def _named(file: Path) -> list[Path]:
    if not file.name.endswith(_CODE):
        return []
    named = (file.parent / path for path in _LOCAL.findall(file.read_text(errors="replace")))
    return [path.resolve() for path in named if path.exists()]


def _inside(file: Path, infrastructure: Path, source: str) -> str:
    if not file.is_relative_to(infrastructure):
        raise InvalidInput(f"{source}: reads {file}, which is outside of infrastructure/ and so not in a release")
    return str(file.relative_to(infrastructure))
