"""What a release holds besides the files of its commit: what is taken from elsewhere, and what Terragrunt finds.

It is part of the release's content, so its digest covers it, and a checkout needs nothing but the archive. The same
commit gives another release only when what it takes from elsewhere has changed meanwhile: a tag that was moved.
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
"""Which program to run, given the variable that names it and its name by default."""

_OURS = (".flowmart/", "../.flowmart/")
_MANIFEST = ".terragrunt-stack-manifest"
"""What Terragrunt notes about the stacks that it generated: absolute paths of this machine."""


def completed(files: Sequence[File], executable: Executable, charts: str = "") -> tuple[File, ...]:
    """The files of a commit, and what belongs to them.

    Args:
        files: those of the commit.
        executable: which programs to run.
        charts: FLOWMART_CHARTS.

    Raises:
        InvalidInput: something cannot be taken from elsewhere, Terragrunt finds a mistake or is not there, or what
            is made differs from what the commit has.
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
    """Take into the checkout what the units' engines find that units have from elsewhere."""
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
    """The programs that look for the units of a Terragrunt repository."""
    engine = ENGINES["terragrunt"]
    terraform = ENGINES[engine.runs]
    return Tools(
        block.binary or executable(engine.variable, engine.executable),
        block.terraform or executable(terraform.variable, terraform.executable),
    )


def _more(folder: Path, files: Sequence[File]) -> list[File]:
    """What is there now and was not in the commit; `InvalidInput` where a file of the commit has changed."""
    known = {file.place: file for file in files}
    more: list[File] = []
    for place, file in sorted(_files(folder).items()):
        if place not in known:
            more.append(file)
        elif known[place].data != file.data:
            raise InvalidInput(f"{place}: is generated, and the commit has it otherwise: remove it from git")
    return more


def _files(checkout: Path) -> dict[str, File]:
    """{place: file} of what is in a checkout."""
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
