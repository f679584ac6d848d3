"""Find the files that a unit's options name, all below infrastructure/: variables, backend settings, other reads."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.domain.platform import Unit
from tasks.engines.terraform import decryption, sources, vendored
from tasks.engines.terraform.configuration import read_values
from tasks.engines.terraform.options import VarFile, options


def var_files(infrastructure: Path, unit: Unit) -> dict[Path, VarFile]:
    """Return {file of variables: its option} in order. A file that is named twice counts where it is named last."""
    found: dict[Path, VarFile] = {}
    for each in options(unit.options).files:
        for file in matching(infrastructure, unit, each.path):
            found.pop(file, None)
            found[file] = each
    return found


def backend_files(infrastructure: Path, unit: Unit) -> tuple[Path, ...]:
    """Return the files of backend settings, in order."""
    named = (each for each in options(unit.options).backend_config if isinstance(each, str))
    return tuple(file for each in named for file in matching(infrastructure, unit, each))


def backend_arguments(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return the values of `-backend-config`, in order: paths from the unit's folder, and settings as "key=value"."""
    folder = (infrastructure / unit.source).resolve()
    found: list[str] = []
    for each in options(unit.options).backend_config:
        if isinstance(each, str):
            found += [os.path.relpath(file, folder) for file in matching(infrastructure, unit, each)]
        else:
            found += [f"{key}={_as_argument(value)}" for key, value in each.items()]
    return tuple(found)


def backend_settings(infrastructure: Path, unit: Unit) -> dict[str, Any]:
    """Return the settings that the unit's options give to its backend; unreadable files are left out."""
    found: dict[str, Any] = {}
    for each in options(unit.options).backend_config:
        if isinstance(each, str):
            for file in matching(infrastructure, unit, each):
                found |= read_values(file)
        else:
            found |= each
    return found


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return the files that the options name, and the record of the unit's modules, relative to `infrastructure`.

    If inputs or files of variables contain paths with `..`, the files that these lead to are included.
    """
    more = (file for each in options(unit.options).reads for file in matching(infrastructure, unit, each))
    found = {*var_files(infrastructure, unit), *backend_files(infrastructure, unit), *more}
    named = (str(file.relative_to(infrastructure.resolve())) for file in found)
    return tuple(sorted({*named, *_valued(infrastructure, unit), *vendored.reads(infrastructure, unit.source)}))


def _valued(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return what the unit reads if its inputs or files of variables contain paths with `..`; else nothing."""
    files = (file.read_text(errors="replace") for file in var_files(infrastructure, unit))
    values = [text for text in (*files, json.dumps(dict(unit.inputs), default=str)) if ".." in text]
    return sources.reads_from(infrastructure, unit.source, [infrastructure / unit.source], values) if values else ()


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield the file names in the options that lead out of infrastructure/ or to no file, and files not encrypted."""
    chosen = options(unit.options)
    needed = [each.path for each in chosen.files if not each.optional]
    needed += [each for each in chosen.backend_config if isinstance(each, str)]
    for name in (*needed, *(each.path for each in chosen.files if each.optional), *chosen.reads):
        if not _is_inside(infrastructure, unit, name):
            yield f"{name} leads out of infrastructure/: move it there, or add it to `paths`"
        elif name in needed and not matching(infrastructure, unit, name):
            yield f"there is no file {name}: correct the path, or mark it with optional: true"
    encrypted = (file for file, each in var_files(infrastructure, unit).items() if each.decrypt)
    yield from filter(None, map(decryption.fault, encrypted))


def matching(infrastructure: Path, unit: Unit, name: str) -> tuple[Path, ...]:
    """Return the files below infrastructure/ that match a name or a pattern, sorted."""
    folder = (infrastructure / unit.source).resolve()
    # Path.glob does not accept a pattern that begins with "..".
    names = glob.glob(name, root_dir=folder, recursive=True)  # noqa: PTH207
    found = (Path(os.path.normpath(folder / each)) for each in names)
    return tuple(sorted(file for file in found if file.is_file() and file.is_relative_to(infrastructure.resolve())))


def _as_argument(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_inside(infrastructure: Path, unit: Unit, name: str) -> bool:
    place = Path(os.path.normpath((infrastructure / unit.source).resolve() / name))
    return place.is_relative_to(infrastructure.resolve())
