"""Adds to a release what is not in the files of its commit: content from elsewhere, and the units of Terragrunt.

The digest of the release covers these files, and a checkout needs only the archive. The same commit makes another
release only if its external content has changed meanwhile, such as a tag that was moved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.engines import ENGINES
from tasks.engines.base import Fetching
from tasks.engines.terragrunt import finding, parity, record, roots, vendoring
from tasks.engines.terragrunt.finding import Tools
from tasks.engines.terragrunt.preparation import as_repository
from tasks.processes import Processes
from tasks.releases import omitted
from tasks.releases.contents import File, Kind, path_of, write
from tasks.run_folder import run_folder
from tasks.settings import NO_CHARTS

Executable = Callable[[str, str], str]
"""Returns the program to run, given the variable that names it and its default name."""

_OURS = (".flowmart/", "../.flowmart/")
_MANIFEST = ".terragrunt-stack-manifest"
"""Terragrunt's notes about the stacks that it generated. They contain absolute paths of this machine."""


def completed(files: Sequence[File], executable: Executable, charts: str = "") -> tuple[File, ...]:
    """Return the files of a commit together with those that are added to them.

    Args:
        files: those of the commit.
        executable: returns the programs to run.
        charts: FLOWMART_CHARTS.

    Raises:
        InvalidInput: External content cannot be fetched, Terragrunt reports a mistake or is missing, or a generated
            file differs from the commit's.
    """
    if not any(file.path == manifest.FILE for file in files):
        return tuple(files)
    taken = [file.place for file in files if file.path.startswith(_OURS)]
    if taken:
        raise InvalidInput(f"{taken[0]}: the folder .flowmart is FlowMart's: remove it")
    with run_folder("release") as folder:
        infrastructure = write(files, folder)
        if block := manifest.terragrunt_block(infrastructure, manifest.load(infrastructure)):
            _find(infrastructure, block, executable)
        if charts == NO_CHARTS:
            omitted.write(infrastructure, manifest.load(infrastructure))
        _vendor(infrastructure, executable, charts)
        return (*files, *_more(folder, files))


def _vendor(infrastructure: Path, executable: Executable, charts: str) -> None:
    """Copy into the checkout the external content that the units' engines find."""
    platform, processes, left_out = manifest.load(infrastructure), Processes(), omitted.load(infrastructure)
    root = manifest.root(infrastructure, platform)
    for environment in platform.environments:
        for declared in platform.units_in(environment.name):
            if declared.name in left_out.in_(environment.name):
                continue
            unit, engine = manifest.resolve(platform, environment.name, declared.name), ENGINES[declared.engine]
            engine.vendor(root, unit, Fetching(executable(engine.variable, engine.executable), processes, charts))


def _find(infrastructure: Path, block: manifest.TerragruntBlock, executable: Executable) -> None:
    place, chosen = infrastructure / record.FILE, tools(block, executable)
    place.parent.mkdir(parents=True, exist_ok=True)
    if chosen.terragrunt == record.NO_TERRAGRUNT:
        why = f"FLOWMART_TERRAGRUNT={record.NO_TERRAGRUNT} when the release was made"
        place.write_bytes(record.encode(record.Record("", {}, why, tuple(block.roots))))
        return
    as_repository(infrastructure)
    terragrunt = finding.Terragrunt(infrastructure, chosen, Processes())
    found = vendoring.vendored(terragrunt, finding.find(terragrunt, block.roots))
    place.write_bytes(record.encode(found))
    roots.complete(terragrunt, found)
    place.write_bytes(record.encode(parity.digested(infrastructure, found)))


def tools(block: manifest.TerragruntBlock, executable: Executable) -> Tools:
    """Return the programs that discover the units of a Terragrunt repository."""
    engine = ENGINES["terragrunt"]
    terraform = ENGINES[engine.runs]
    return Tools(
        block.binary or executable(engine.variable, engine.executable),
        block.terraform or executable(terraform.variable, terraform.executable),
    )


def _more(folder: Path, files: Sequence[File]) -> list[File]:
    """Return the files that were added to the commit's; `InvalidInput` if a file of the commit has changed."""
    known = {file.place: file for file in files}
    more: list[File] = []
    for place, file in sorted(_files(folder).items()):
        if place not in known:
            more.append(file)
        elif known[place].data != file.data:
            raise InvalidInput(f"{place}: is generated, and the commit has it otherwise: remove it from git")
    return more


def _files(checkout: Path) -> dict[str, File]:
    """Return {place: file} for all files of a checkout, except .git and Terragrunt's notes."""
    found: dict[str, File] = {}
    for folder, folders, names in os.walk(checkout):
        folders[:] = [name for name in folders if name != ".git"]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *links):
            place = Path(folder) / name
            if name != _MANIFEST:
                where = place.relative_to(checkout).as_posix()
                found[where] = _file(path_of(where), place)
    return found


def _file(path: str, place: Path) -> File:
    if place.is_symlink():
        return File(path, "link", os.fsencode(place.readlink()))
    kind: Kind = "executable" if place.stat().st_mode & 0o100 else "file"
    return File(path, kind, place.read_bytes())
