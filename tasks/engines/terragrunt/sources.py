"""Which files a Terragrunt unit reads, and which of them all environments share.

Terragrunt's own list leaves out the unit's own files, what `file` and `templatefile` read, and modules that modules
call. So this errs on the side of planning once too often: the unit's folder, every file in the folders above it, what
Terragrunt lists, and everything that paths in all of these lead to (`tasks.engines.terraform.sources`).
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
    """Paths, relative to `infrastructure`, of all files that the unit at `source` may read; sorted.

    Raises:
        InvalidInput: It reads what is outside of infrastructure/.
    """
    places = [infrastructure / source, *_above(infrastructure, source), *_listed(infrastructure, source)]
    return terraform.reads_from(infrastructure, source, places)


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """The content of the unit's modules, and of those that they call, that are not files of the commit."""
    found = record.load(infrastructure)
    known = found.at(unit.source) if found else None
    folders = {*known.sources.values()} if known else set()
    files = (file for folder in folders for file in (infrastructure / folder).rglob("*") if file.is_file())
    fetched = (file.relative_to(infrastructure).as_posix() for file in files)
    return tuple(sorted((*fetched, *vendored.reads(infrastructure, unit.source))))


def needs_aws(infrastructure: Path, source: str) -> bool:
    """Whether a unit has the AWS provider, or keeps its state in S3."""
    files = (infrastructure / path for path in reads(infrastructure, source) if path.endswith((".hcl", *ENDINGS)))
    return any(names_aws(file.read_text(errors="replace")) for file in files)


def shared(infrastructure: Path, source: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """Of the files that a unit reads those that are in no environment's own folder (`roots`)."""
    found = (PurePosixPath(path) for path in reads(infrastructure, source))
    return tuple(str(path) for path in found if not any(map(path.is_relative_to, (*roots, record.FOLDER))))


def _above(infrastructure: Path, source: str) -> Iterator[Path]:
    """The files in the folders above, but for those in infrastructure/ itself: of these the listed ones are read."""
    for folder in PurePosixPath(source).parents:
        if folder.name:
            yield from (file for file in (infrastructure / folder).iterdir() if file.is_file())


def _listed(infrastructure: Path, source: str) -> Iterator[Path]:
    """What Terragrunt lists, of modules their whole folders."""
    found = record.load(infrastructure)
    known = found.at(source) if found else None
    for path in known.reading if known else ():
        file = infrastructure / path
        if file.exists():
            yield file.parent if path.endswith(ENDINGS) else file
