"""What a release holds besides the files of its commit: what Terragrunt finds, generates and takes from elsewhere.

It is part of the release's content, so its digest covers it, and a checkout needs nothing but the archive. The same
commit gives another release only when what it takes from elsewhere has changed meanwhile: a tag that was moved.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.engines import ENGINES
from tasks.engines.terragrunt import finding, record, vendoring
from tasks.engines.terragrunt.finding import Tools
from tasks.engines.terragrunt.preparation import as_repository
from tasks.processes import Processes
from tasks.releases import repository as git
from tasks.releases.contents import FOLDER, File, Kind, write
from tasks.run_folder import run_folder

Executable = Callable[[str, str], str]
"""Which program to run, given the variable that names it and its name by default."""

_BLOCK = re.compile(rb"^[\"']?terragrunt[\"']?\s*:", re.MULTILINE)
_MANIFEST = ".terragrunt-stack-manifest"
"""What Terragrunt notes about the stacks that it generated: absolute paths of this machine."""


def completed(files: Sequence[File], executable: Executable) -> tuple[File, ...]:
    """The files of a commit, and what belongs to them.

    Raises:
        InvalidInput: Terragrunt finds a mistake, is not there, or would make what the commit has otherwise.
    """
    if not any(file.path == "platform.yaml" for file in files):
        return tuple(files)
    taken = [file.path for file in files if file.path.startswith(f"{record.FOLDER}/")]
    if taken:
        raise InvalidInput(f"infrastructure/{taken[0]}: the folder {record.FOLDER} is FlowMart's: remove it")
    with run_folder("release") as folder:
        infrastructure = write(files, folder)
        block = manifest.terragrunt_block(infrastructure)
        if block is None:
            return tuple(files)
        _find(infrastructure, block, executable)
        return (*files, *_more(infrastructure, files))


def is_completed(repository: Path, commit: str) -> bool:
    """Whether a release of the commit holds more than the commit's own files."""
    entries = [entry for entry in git.tree(repository, commit, FOLDER) if entry.path == f"{FOLDER}/platform.yaml"]
    return any(_BLOCK.search(data) for data in git.blobs(repository, [entry.object for entry in entries]))


def _find(infrastructure: Path, block: manifest.TerragruntBlock, executable: Executable) -> None:
    engine = ENGINES["terragrunt"]
    terraform = ENGINES[engine.runs]
    tools = Tools(
        block.binary or executable(engine.variable, engine.executable),
        block.terraform or executable(terraform.variable, terraform.executable),
    )
    as_repository(infrastructure)
    terragrunt = finding.Terragrunt(infrastructure, tools, Processes())
    found = vendoring.vendored(terragrunt, finding.find(terragrunt, block.roots))
    place = infrastructure / record.FILE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(record.encode(found))


def _more(infrastructure: Path, files: Sequence[File]) -> list[File]:
    """What is there now and was not in the commit; `InvalidInput` where a file of the commit has changed."""
    known = {file.path: file for file in files}
    more: list[File] = []
    for path, file in sorted(_files(infrastructure).items()):
        if path not in known:
            more.append(file)
        elif known[path].data != file.data:
            raise InvalidInput(
                f"infrastructure/{path}: is generated, and the commit has it otherwise: remove it from git"
            )
    return more


def _files(infrastructure: Path) -> dict[str, File]:
    found: dict[str, File] = {}
    for folder, folders, names in os.walk(infrastructure):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *links):
            place = Path(folder) / name
            if name != _MANIFEST:
                path = place.relative_to(infrastructure).as_posix()
                found[path] = _file(path, place)
    return found


def _file(path: str, place: Path) -> File:
    if place.is_symlink():
        return File(path, "link", os.fsencode(place.readlink()))
    kind: Kind = "executable" if place.stat().st_mode & 0o100 else "file"
    return File(path, kind, place.read_bytes())
