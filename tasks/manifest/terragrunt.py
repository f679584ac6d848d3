"""Expands the block `terragrunt:` of platform.yaml: each unit that Terragrunt finds becomes a declared unit.

The release records the units that were found (`tasks.engines.terragrunt.record`). A working tree has no such record.
Its Terragrunt units are not known, so their names are not reported as mistakes.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform
from tasks.engines.terragrunt import record
from tasks.engines.terragrunt.record import Record
from tasks.manifest import environments, placeholders
from tasks.manifest.declared.terragrunt import DeclaredTerragrunt, DeclaredTerragruntUnit
from tasks.manifest.mistakes import Document, Key, Mistake, not_among
from tasks.manifest.notation import SLUG

BLOCK = "terragrunt"
STACK = ".terragrunt-stack"
"""The folder in which Terragrunt generates the units of a stack. It is left out of their names."""

Needs = Mapping[str, Mapping[str, tuple[str, ...]]]
"""{unit: {environment: the units that it needs there}}."""


def declared(document: Document) -> DeclaredTerragrunt | None:
    """Return the block; None if there is none or if its shape is wrong, which is reported elsewhere."""
    written = document.data.get(BLOCK) if isinstance(document.data, Mapping) else None
    try:
        return DeclaredTerragrunt.model_validate(written) if written is not None else None
    except ValidationError:
        return None


def is_open(infrastructure: Path, document: Document) -> bool:
    """Tell whether some Terragrunt units are not known here, because discovery did not run or was skipped."""
    written = isinstance(document.data, Mapping) and document.data.get(BLOCK) is not None
    found = record.load(infrastructure)
    return written and (found is None or bool(found.omitted))


@dataclass(frozen=True)
class TerragruntBlock:
    """The folders and programs for discovery. `roots` is {environment: folder of its units below infrastructure/}."""

    roots: Mapping[str, str]
    binary: str
    terraform: str


def filled(block: DeclaredTerragrunt, platform: Platform) -> TerragruntBlock:
    """Return the block with its placeholders filled in.

    Raises:
        InvalidInput: a placeholder is unknown, or two environments would have the same folder.
    """
    return TerragruntBlock(_roots(block, platform), block.binary or "", block.terraform or "")


def _roots(block: DeclaredTerragrunt, platform: Platform) -> dict[str, str]:
    found: dict[str, str] = {}
    known = [environment.name for environment in platform.environments]
    for name in block.environments or ():
        if name not in known:
            raise InvalidInput(f"platform.yaml: {BLOCK}.environments: {not_among(name, 'an environment', known)}")
    for environment in platform.environments:
        if block.environments is not None and environment.name not in block.environments:
            continue
        scope = environments.scope(platform.name, environment)
        for mistake in placeholders.mistakes(block.root, scope):
            raise InvalidInput(f"platform.yaml: {BLOCK}.root: {mistake.message}")
        root = posixpath.normpath(str(placeholders.fill(block.root, scope)))
        if root in found.values():
            other = next(name for name, where in found.items() if where == root)
            raise InvalidInput(
                f"platform.yaml: {BLOCK}.root: {root} is the folder of {other} and of {environment.name}: "
                "write {environment} into it"
            )
        found[environment.name] = root
    return found


def expanded(infrastructure: Path, document: Document) -> Document:
    """Return the document with all discovered units added to the declared ones."""
    block, found = declared(document), record.load(infrastructure)
    if block is None or found is None:
        return document
    names, mistakes = _names(block, found), list(_mistakes(block, found))
    units, lines = dict(document.data.get("units") or {}), dict(document.lines)
    for path, where in _places(found).items():
        name = names[path]
        if name in units:
            mistakes.append(
                Mistake((BLOCK,), f"{path} is called {name}, as another unit is: give it a `name` in units")
            )
            continue
        written = _written(document, path)
        units[name] = {**_unit(block, path, where), **written}
        lines |= _lines(document, path, name)
    data = {**document.data, "units": units}
    return replace(document, data=data, lines=lines, mistakes=(*document.mistakes, *mistakes))


def needs(infrastructure: Path, document: Document) -> Needs:
    """Return what each discovered unit needs in each environment, by unit name."""
    block, found = declared(document), record.load(infrastructure)
    if block is None or found is None:
        return {}
    names, edges = _names(block, found), dict[str, dict[str, tuple[str, ...]]]()
    for environment, where in found.environments.items():
        for unit in where.units:
            if not unit.excluded:
                edges.setdefault(names[unit.path], {})[environment] = tuple(names[path] for path in unit.needs)
    return edges


def name_of(path: str) -> str:
    """Return the default name of a unit: eu-west-1/.terragrunt-stack/web -> eu-west-1-web."""
    steps = (step for step in path.split("/") if step != STACK)
    return re.sub(r"[^a-z0-9]+", "-", "-".join(steps).lower()).strip("-")


def _names(block: DeclaredTerragrunt, found: Record) -> dict[str, str]:
    given = {path: unit.name for path, unit in block.units.items() if unit.name}
    return {path: given.get(path) or name_of(path) for path in _places(found)}


def _places(found: Record) -> dict[str, list[str]]:
    """Return {path: the environments in which the unit is not excluded}."""
    places: dict[str, list[str]] = {}
    for environment, where in found.environments.items():
        for unit in where.units:
            if not unit.excluded:
                places.setdefault(unit.path, []).append(environment)
    return dict(sorted(places.items()))


def _mistakes(block: DeclaredTerragrunt, found: Record) -> Iterator[Mistake]:
    if found.omitted:
        return
    places, names = _places(found), _names(block, found)
    excluded = {u.path: u.excluded for where in found.environments.values() for u in where.units if u.excluded}
    for path in block.units:
        if path not in places:
            why = (
                f"{path} is excluded: {excluded[path]}"
                if path in excluded
                else not_among(path, "a unit that Terragrunt finds", places)
            )
            yield Mistake((BLOCK, "units", path), why)
    for name, times in Counter(names.values()).items():
        paths = sorted(path for path, called in names.items() if called == name)
        if times > 1:
            yield Mistake((BLOCK,), f"{' and '.join(paths)} are both called {name}: give one a `name` in units")
        if not re.fullmatch(SLUG, name):
            yield Mistake(
                (BLOCK,), f"{paths[0]} would be called {name!r}, which no unit can be: give it a `name` in units"
            )


def _written(document: Document, path: str) -> dict[str, Any]:
    """Return the declared settings of a unit, except those that belong to the block itself."""
    units = document.data[BLOCK].get("units") or {}
    written = units.get(path) or {}
    return {
        key: value
        for key, value in written.items()
        if key in DeclaredTerragruntUnit.model_fields and key not in ("name", "parity", "iam_roles")
    }


def _unit(block: DeclaredTerragrunt, path: str, where: list[str]) -> dict[str, Any]:
    own = block.units.get(path)
    parity = (own.parity if own else None) or block.parity
    roles = (own.iam_roles if own else None) or block.iam_roles
    options = {
        "parity": parity,
        "iam_roles": roles.model_dump() if roles else None,
        "auth_provider_cmd": block.auth_provider_cmd,
        "binary": block.binary,
        "terraform": block.terraform,
    }
    chosen = {key: value for key, value in options.items() if value is not None}
    root = posixpath.normpath(block.root)
    return {"engine": BLOCK, "source": f"{root}/{path}", "environments": where, BLOCK: chosen}


def _lines(document: Document, path: str, name: str) -> dict[Key, int]:
    """Return the lines of a unit: its own settings on their own lines, everything else on the line of the block."""
    around: Key = (BLOCK, "units", path)
    found = {("units", name, *key[3:]): line for key, line in document.lines.items() if key[:3] == around}
    return {("units", name): document.line(around if around in document.lines else (BLOCK,)), **found}
