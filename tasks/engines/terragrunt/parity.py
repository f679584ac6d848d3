"""Compare a unit's modules and shared files with those in the environments before. Its own folder may differ.

A promotion brings what was verified upstream. All environments are folders of one release, so they can differ only in
the modules and files that each names: for example a `ref` that was changed in one folder only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.domain.errors import Refused
from tasks.domain.plan import Plan
from tasks.domain.values import digest_of
from tasks.engines.base import Workspace
from tasks.engines.terraform import code, vendored
from tasks.engines.terraform.commands import LOCK_FILE
from tasks.engines.terragrunt import record, sources
from tasks.engines.terragrunt.options import TerragruntOptions
from tasks.engines.terragrunt.record import FoundUnit, Record


@dataclass(frozen=True)
class Artefact:
    """The content that a unit shares with other environments.

    Attributes:
        files: {path below infrastructure/: digest}.
        sources: (source of a module, or module that a module calls; name of its content).
    """

    files: Mapping[str, str]
    sources: frozenset[tuple[str, str]]

    @property
    def digest(self) -> str:
        """A digest of the content, independent of the names of its sources."""
        return digest_of([dict(self.files), sorted({content for _, content in self.sources})])

    def unlike(self, other: Artefact) -> tuple[str, ...]:
        """Return the files and sources that differ. Sources with equal content do not, however they are spelled."""
        contents = {content for _, content in self.sources} ^ {content for _, content in other.sources}
        named = {source for source, content in self.sources | other.sources if content in contents}
        files = {path for path in self.files.keys() | other.files.keys() if self._differs(other, path)}
        return tuple(sorted(named | files))

    def _differs(self, other: Artefact, path: str) -> bool:
        return self.files.get(path) != other.files.get(path)


def artefact(infrastructure: Path, found: Record, environment: str, unit: FoundUnit) -> Artefact:
    """Return what a unit of an environment shares with others."""
    source = f"{found.environments[environment].root}/{unit.path}"
    files = {path: _digest(infrastructure / path) for path in sources.shared(infrastructure, source, found.roots)}
    modules = vendored.contents(infrastructure, source)
    return Artefact(files, frozenset({**unit.sources, **modules}.items()))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def digested(infrastructure: Path, found: Record) -> Record:
    """Return the record with each unit's digest of what it shares with other environments."""
    environments = {
        name: replace(where, units=tuple(_digested(infrastructure, found, name, unit) for unit in where.units))
        for name, where in found.environments.items()
    }
    return replace(found, environments=environments)


def _digested(infrastructure: Path, found: Record, environment: str, unit: FoundUnit) -> FoundUnit:
    if unit.excluded:
        return unit
    return replace(unit, artefact=artefact(infrastructure, found, environment, unit).digest)


def refuse_unlike(workspace: Workspace, plan: Plan) -> tuple[str, ...]:
    """Return the differences from the environments before, as warnings for the plan.

    Raises:
        Refused: there are differences, the plan has changes, and the unit does not allow it.
    """
    told = tuple(differences(workspace))
    if told and not plan.empty and workspace.options(TerragruntOptions).parity == "required":
        raise Refused(
            f"{workspace.unit.source}: {'; '.join(told)}: make them the same, or set parity: warn for this unit"
        )
    return told


def differences(workspace: Workspace) -> Iterator[str]:
    """Yield a sentence for each environment before that has the unit with other content, or does not have it."""
    infrastructure, environment = workspace.infrastructure, workspace.environment.name
    for found, unit, before, other in _compared(workspace):
        if other is None:
            yield f"{before} has no unit {unit.path}, so nothing of it was verified there"
        elif other.artefact != unit.artefact:
            here, there = (artefact(infrastructure, found, *each) for each in ((environment, unit), (before, other)))
            unlike = here.unlike(there)
            yield f"its modules and shared files are not those of {before}: {', '.join(unlike[:_MOST])}"


def _compared(workspace: Workspace) -> Iterator[tuple[Record, FoundUnit, str, FoundUnit | None]]:
    """Yield the record, the unit, and each environment before with its own unit; None if it has none."""
    found = record.load(workspace.infrastructure)
    unit = found.at(workspace.unit.source) if found else None
    if found is None or unit is None:
        return
    for before in _before(workspace, found):
        yield found, unit, before, found.same(before, unit.path)


def _before(workspace: Workspace, found: Record) -> tuple[str, ...]:
    """Return the nearest environments before that have Terragrunt units; environments without any are skipped."""
    seen: dict[str, None] = {}
    left = [*workspace.environment.after]
    while left:
        name = left.pop(0)
        if name in found.environments:
            seen[name] = None
        else:
            left += workspace.environments.get(name, ())
    return tuple(seen)


def other_providers(workspace: Workspace) -> Iterator[str]:
    """Yield a sentence for each environment before in which the unit's lock file has other provider versions."""
    infrastructure, environment = workspace.infrastructure, workspace.environment.name
    for found, unit, before, other in _compared(workspace):
        here = _locked(infrastructure, found, environment, unit)
        there = _locked(infrastructure, found, before, other) if other else {}
        unlike = [
            f"{name} {here[name]}, not {there[name]}" for name in here if there.get(name, here[name]) != here[name]
        ]
        if unlike:
            yield f"its lock file has other providers than that of {before}: {', '.join(unlike)}"


def _locked(infrastructure: Path, found: Record, environment: str, unit: FoundUnit) -> dict[str, str]:
    """Return {provider: version} of the lock file beside a unit."""
    file = infrastructure / found.environments[environment].root / unit.path / LOCK_FILE
    blocks = code.blocks_in(file, "provider") if file.is_file() else ()
    return {block.name: str(block.body.get("version", "")) for block in blocks}


_MOST = 5
"""The maximum number of differences to name."""
