"""Find the files that a Terragrunt unit reads, and those of them that all environments share.

Terragrunt's own list lacks the unit's own files, files that `file` and `templatefile` read, and modules that modules
call. So in doubt this includes too much and causes an unneeded plan. It includes the unit's folder, every file in the
folders above, Terragrunt's list, and everything that paths in these lead to (`tasks.engines.terraform.sources`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tasks.domain.platform import Unit
from tasks.engines.terraform import sources as terraform
from tasks.engines.terraform import vendored
from tasks.engines.terraform.code import ENDINGS
from tasks.engines.terraform.providers import names_aws
from tasks.engines.terragrunt import record


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return the paths of all files that the unit at `source` may read, relative to `infrastructure` and sorted.

    Raises:
        InvalidInput: the unit reads something outside of infrastructure/.
    """
    places = [infrastructure / source, *_above(infrastructure, source), *_listed(infrastructure, source)]
    return terraform.reads_from(infrastructure, source, places)


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return the files of the unit's modules, and of those that they call, that are not in the commit."""
    found = record.load(infrastructure)
    known = found.at(unit.source) if found else None
    folders = {*known.sources.values()} if known else set()
    files = (file for folder in folders for file in (infrastructure / folder).rglob("*") if file.is_file())
    fetched = (file.relative_to(infrastructure).as_posix() for file in files)
    return tuple(sorted((*fetched, *vendored.reads(infrastructure, unit.source))))


def needs_aws(infrastructure: Path, source: str) -> bool:
    """Tell whether a unit has the AWS provider or keeps its state in S3."""
    files = (infrastructure / path for path in reads(infrastructure, source) if path.endswith((".hcl", *ENDINGS)))
    return any(names_aws(file.read_text(errors="replace")) for file in files)


def shared(infrastructure: Path, source: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files that a unit reads and that are in no environment's own folder.

    Args:
        infrastructure: the folder that sources are relative to.
        source: the unit's source folder.
        roots: the folders of the environments.
    """
    found = (PurePosixPath(path) for path in reads(infrastructure, source))
    return tuple(str(path) for path in found if not any(map(path.is_relative_to, (*roots, record.FOLDER))))


def _above(infrastructure: Path, source: str) -> Iterator[Path]:
    """Yield the files in the folders above, except infrastructure/ itself: there only the listed ones count."""
    for folder in PurePosixPath(source).parents:
        if folder.name:
            yield from (file for file in (infrastructure / folder).iterdir() if file.is_file())


def _listed(infrastructure: Path, source: str) -> Iterator[Path]:
    """Yield the files that Terragrunt lists; for modules, their whole folders."""
    found = record.load(infrastructure)
    known = found.at(source) if found else None
    for path in known.reading if known else ():
        file = infrastructure / path
        if file.exists():
            yield file.parent if path.endswith(ENDINGS) else file
