"""Choose, when a release is made, which remote providers and modules the roots of Terragrunt units use.

    unit ──▶ its root, without inputs and backend ──▶ terraform init ──▶ lock file, modules that its modules call

Without a lock file, every init takes the newest provider that the constraints allow when it runs. So if neither a
unit nor its module has a lock file, the current choice is written beside its terragrunt.hcl, as Terragrunt itself
would do. Units with the same requirements get the same choice, so the environments of a release agree.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.values import digest_of
from tasks.engines.terraform import code, provider_versions, vendored, vendoring
from tasks.engines.terraform import commands as terraform
from tasks.engines.terraform.code import ENDINGS
from tasks.engines.terraform.configuration import MODULES
from tasks.engines.terragrunt import answers, commands, sources
from tasks.engines.terragrunt.finding import Terragrunt
from tasks.engines.terragrunt.record import FoundUnit, Record
from tasks.engines.terragrunt.vendoring import folder_in, folder_in_fetched, without_folder

_GENERATES = re.compile(r"required_providers|\bprovider\s*[\\]?\"")
"""Text in a unit's configuration that may bring providers into its root."""


@dataclass(frozen=True)
class Chosen:
    """What init chose for a root: its lock file, and the modules that it fetched (`vendoring.taken_in`)."""

    lock: bytes = b""
    modules: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Root:
    """The root of a unit, made without its inputs and its backend.

    Attributes:
        unit: the folder of a unit from which Terragrunt makes the same root.
        module: the folder of the module.
        folders: the folders of the root's code: the module's, those of local modules that it calls, the unit's own.
        calls: the remote modules that they call.
        locked: there is a lock file.
    """

    unit: Path
    module: Path
    folders: tuple[Path, ...]
    calls: tuple[str, ...]
    locked: bool


def complete(terragrunt: Terragrunt, found: Record) -> None:
    """Write the lock files and remote modules of all units into the files of a release.

    Raises:
        InvalidInput: a provider or a module cannot be fetched.
    """
    chosen: dict[str, Chosen] = {}
    for where in found.environments.values():
        for unit in where.units:
            if not unit.excluded:
                _complete(terragrunt, f"{where.root}/{unit.path}", unit, chosen)


def _complete(terragrunt: Terragrunt, source: str, unit: FoundUnit, chosen: dict[str, Chosen]) -> None:
    infrastructure = terragrunt.infrastructure
    if not _may_take_from_elsewhere(infrastructure, source, unit):
        return
    with tempfile.TemporaryDirectory(prefix="root-", dir=infrastructure.parent) as name:
        root = _root(terragrunt, source, unit, Path(name))
        if root.locked and not root.calls:
            return
        key = digest_of([[_requirements(folder) for folder in root.folders], root.calls and str(root.module)])
        if key not in chosen:
            chosen[key] = _initialised(terragrunt, root, source)
    if chosen[key].lock and not root.locked:
        (infrastructure / source / terraform.LOCK_FILE).write_bytes(chosen[key].lock)
    if chosen[key].modules:
        vendored.write(infrastructure, source, chosen[key].modules)


def _may_take_from_elsewhere(infrastructure: Path, source: str, unit: FoundUnit) -> bool:
    """Tell whether files of a unit may name a provider or a remote module. In doubt, the answer is yes."""
    files = [infrastructure / path for path in sources.reads(infrastructure, source)]
    for folder in unit.sources.values():
        files += filter(Path.is_file, (infrastructure / folder).rglob("*"))
    folders = {file.parent for file in files if file.name.endswith(ENDINGS)}
    if any(provider_versions.needed(folder) or vendoring.remote(folder, folder) for folder in folders):
        return True
    written = (file.read_text(errors="replace") for file in files if file.suffix == ".hcl")
    return any(map(_GENERATES.search, written))


def _root(terragrunt: Terragrunt, source: str, unit: FoundUnit, place: Path) -> Root:
    folder, alone, own = terragrunt.infrastructure / source, place / "unit", place / "own"
    printed = terragrunt.rendered(folder)
    whole, module = _module(terragrunt.infrastructure, folder, answers.configuration(printed).source, unit)
    shutil.copytree(folder, alone, ignore=shutil.ignore_patterns("terragrunt.hcl*", ".*"), symlinks=True)
    blocks = answers.generated(printed)
    (alone / "terragrunt.hcl.json").write_text(json.dumps(_unit(whole, module, folder, blocks)))
    own.mkdir()
    for file in code.files(folder):
        shutil.copy(file, own)
    for name, block in blocks.items():
        (own / f"generated-{name}-{Path(str(block['path'])).name}").write_text(str(block["contents"]))
    folders = (*_called(module), own)
    calls = tuple(call for each in folders for call in vendoring.remote(each, each))
    locked = any((each / terraform.LOCK_FILE).is_file() for each in (folder, module))
    return Root(alone, module, folders, calls, locked)


def _module(infrastructure: Path, folder: Path, source: str, unit: FoundUnit) -> tuple[Path, Path]:
    """Return the folder that Terragrunt copies for a unit, and the folder in it that is the root."""
    if not source:
        return folder, folder
    fetched = unit.sources.get(without_folder(source))
    if fetched:
        return infrastructure / fetched, infrastructure / fetched / folder_in_fetched(source)
    whole = Path(posixpath.normpath(folder / source.partition("//")[0]))
    return whole, whole / folder_in(source)


def _unit(whole: Path, module: Path, folder: Path, blocks: Mapping[str, Any]) -> dict[str, Any]:
    """Return a unit's configuration with only its module and the blocks it generates."""
    within = "" if module == whole else f"//{module.relative_to(whole).as_posix()}"
    source = {} if module == folder else {"terraform": {"source": f"{whole}{within}"}}
    return {**source, "generate": {name: _literal(block) for name, block in blocks.items()}}


def _literal(block: Mapping[str, Any]) -> dict[str, Any]:
    """Escape a block's texts: what looks like an expression in them belongs to the module."""
    return {
        key: value.replace("${", "$${").replace("%{", "%%{") if isinstance(value, str) else value
        for key, value in block.items()
        if value is not None
    }


def _called(module: Path) -> list[Path]:
    """Return the folders of a module and of the local modules that it calls."""
    waiting, done = [module], set[Path]()
    while waiting:
        folder = waiting.pop().resolve()
        if folder.is_dir() and folder not in done:
            done.add(folder)
            found = (str(call.body.get("source", "")) for call in code.readable_blocks(folder, "module"))
            waiting += [folder / source for source in found if source.startswith(".") and "${" not in source]
    return sorted(done)


def _requirements(folder: Path) -> list[Any]:
    """Return what a folder's code requires of providers; equal results mean equal requirements."""
    blocks = (
        each for block in code.readable_blocks(folder, "terraform") for each in block.inner("required_providers")
    )
    return [[dict(block.body) for block in blocks], sorted(provider_versions.implied(folder))]


def _initialised(terragrunt: Terragrunt, root: Root, source: str) -> Chosen:
    downloads = root.unit.with_name("downloads")
    argv = commands.around(terragrunt.tools.terragrunt, ("terraform", "init", "-backend=false", "-input=false"))
    finished = terragrunt.run(argv, root.unit, downloads, terragrunt.tools.terraform)
    if finished.exit_code != 0:
        raise InvalidInput(
            f"infrastructure/{source}: its providers and modules cannot be had: {terragrunt.why(finished)}: make "
            f"them reachable, or run terragrunt init there and commit {terraform.LOCK_FILE}"
        )
    lock = root.unit / terraform.LOCK_FILE
    notes = [note.parent.parent.parent for note in downloads.rglob(MODULES.name) if root.calls]
    modules = vendoring.taken_in(terragrunt.infrastructure, notes[0]) if notes else {}
    return Chosen(lock.read_bytes() if lock.is_file() else b"", modules)
