"""Add remote modules to the release, named by their content: a tag may change its meaning, a release must not.

When a release is made, Terragrunt fetches each source once into its checkout: from git, a registry (`tfr://`), an
archive or a bucket. Later every unit gets the copy in place of the source (`TG_SOURCE_MAP`). So promotions need no
module server.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

from tasks import tool_environment
from tasks.domain.errors import InvalidInput, not_obtained
from tasks.domain.outcome import Outcome
from tasks.engines.terraform import errors, remote_modules
from tasks.engines.terraform.code import ENDINGS
from tasks.engines.terraform.remote_modules import is_exact
from tasks.engines.terraform.vendored import kept
from tasks.engines.terragrunt import answers, commands, record
from tasks.engines.terragrunt.finding import Terragrunt
from tasks.engines.terragrunt.record import FoundUnit, Record

FOLDER = f"{record.FOLDER}/sources"
_NOTES = (
    ".terragrunt-source-manifest",
    ".terragrunt-module-manifest",
    ".terragrunt-source-version",
    "terragrunt.hcl",
)
"""Files that Terragrunt adds to a source when it fetches it for a unit that contains only that source."""
_REGISTRY = "tfr://"
_LINE = re.compile(r'[\\"\n$%]')


def vendored(terragrunt: Terragrunt, found: Record) -> Record:
    """Fetch every remote module, and return the record with the folders of their content.

    Raises:
        InvalidInput: a source cannot be fetched, has no tag or commit, or is a folder outside of infrastructure/.
    """
    fetched: dict[str, str] = {}
    environments = {
        name: replace(where, units=tuple(_of_unit(terragrunt, where.root, unit, fetched) for unit in where.units))
        for name, where in found.environments.items()
    }
    return replace(found, environments=environments)


def _of_unit(terragrunt: Terragrunt, root: str, unit: FoundUnit, fetched: dict[str, str]) -> FoundUnit:
    if unit.excluded or any(path.endswith(ENDINGS) for path in unit.reading):
        return unit  # Terragrunt listed the module's code, so it is a folder of the release.
    folder = terragrunt.infrastructure / root / unit.path
    source = answers.configuration(terragrunt.rendered(folder)).source
    if not source or _is_inside(terragrunt, folder, source):
        return unit
    if fault := _fault(source):
        raise InvalidInput(f"infrastructure/{root}/{unit.path}: {fault}")
    whole, name = without_folder(source), _added(source)
    key = f"{whole} {name}"
    if key not in fetched:
        fetched[key] = _fetched(terragrunt, whole, name, f"{root}/{unit.path}")
    return replace(unit, sources={whole: fetched[key]})


def _fault(source: str) -> str:
    """Return why the content of a source may change; empty if it cannot."""
    if source.startswith(_REGISTRY):
        version = parse_qs(source.partition("?")[2]).get("version", [""])[0]
        return "" if is_exact(version) else f"its source {source} names no exact version: add ?version=1.2.3"
    return remote_modules.fault("terraform.source", {"source": source})


def without_folder(source: str) -> str:
    """Return a source without its folder: git::https://x/mods.git//vpc?ref=v1 -> git::https://x/mods.git?ref=v1."""
    address, mark, query = source.partition("?")
    kind, scheme, rest = address.rpartition("://")
    return (
        f"{kind}{scheme}{rest.partition('//')[0]}{mark}{query}"
        if scheme
        else f"{rest.partition('//')[0]}{mark}{query}"
    )


def folder_in(source: str) -> str:
    """Return the folder in a source: git::https://x/mods.git//vpc?ref=v1 -> vpc; empty if it names none."""
    return source.partition("?")[0].rpartition("://")[2].partition("//")[2]


def folder_in_fetched(source: str) -> str:
    """Return the folder of a source's module in its fetched content."""
    return folder_in(source) or _added(source)


def _added(source: str) -> str:
    """Return the folder that Terragrunt expects if a mapped source names none; empty if it names one.

    Source: GetModulePathFromSourceURL in Terragrunt's internal/runner/runcfg/util.go.
    """
    return "" if folder_in(source) else source.partition("?")[0].rpartition("/")[2].partition(".")[0]


def mapped(source: str) -> str:
    """Return a source as `TG_SOURCE_MAP` names it: without folder and query."""
    return without_folder(source).partition("?")[0]


def is_folder_below(infrastructure: Path, folder: Path, source: str) -> bool:
    """Tell whether a source is a folder below infrastructure/.

    Args:
        infrastructure: the folder that sources are relative to, resolved.
        folder: the folder of the unit.
        source: the source as the unit writes it.
    """
    place = Path(posixpath.normpath(folder.resolve() / source.partition("//")[0]))
    return source.startswith((".", "/")) and place.is_relative_to(infrastructure)


def is_there(infrastructure: Path, unit: str, source: str, found: Record) -> bool:
    """Tell whether the module of a unit is in the release.

    Args:
        infrastructure: the folder that units are relative to, resolved.
        unit: the unit's folder below it.
        source: the source of the module; empty if the unit has none.
        found: the release's record.
    """
    if not source or is_folder_below(infrastructure, infrastructure / unit, source):
        return True
    return without_folder(source) in found.sources_of(unit)


def _is_inside(terragrunt: Terragrunt, folder: Path, source: str) -> bool:
    """Tell whether a source is a folder of the release. Raise `InvalidInput` for other folders of this machine."""
    if is_folder_below(terragrunt.infrastructure, folder, source):
        return True
    if source.startswith((".", "/")):
        raise InvalidInput(
            f"{terragrunt.relative(folder)}: its source {source} is outside of infrastructure/, so not in a release: "
            "move it there, or name a tag of a repository"
        )
    return False


def _fetched(terragrunt: Terragrunt, source: str, name: str, unit: str) -> str:
    """Fetch a source, and return the folder of its content, in a folder `name` of it, below infrastructure/."""
    if _LINE.search(source):
        raise InvalidInput(f"infrastructure/{unit}: the source {source!r} cannot be fetched: write it without quotes")
    with tempfile.TemporaryDirectory(prefix="source-", dir=terragrunt.infrastructure.parent) as place:
        alone, downloads = Path(place) / "unit", Path(place) / "downloads"
        alone.mkdir()
        (alone / "terragrunt.hcl").write_text(f'terraform {{\n  source = "{source}"\n}}\n')
        argv = commands.around(terragrunt.tools.terragrunt, ("terraform", "init"))
        # A bucket is read with this machine's credentials, like git repositories.
        own = tool_environment.of_this_process(("AWS_*",)) if source.startswith("s3::") else {}
        finished = terragrunt.run(argv, alone, downloads, more=own)
        found = [marked.parent for marked in downloads.glob("*/*/.terragrunt-source-version")]
        if finished.exit_code != 0 or len(found) != 1:
            failed = answers.errors(finished.stderr)
            code = answers.exit_code(finished.exit_code, failed)
            lost = finished.exit_code != 0 and errors.outcome(failed, code) is Outcome.UNANSWERED
            told = f"infrastructure/{unit}: {source} cannot be fetched: {terragrunt.why(finished)}"
            raise not_obtained(told, lost=lost)
        return _kept(terragrunt.infrastructure, found[0], Path(place) / "kept", name)


def _kept(infrastructure: Path, content: Path, place: Path, name: str) -> str:
    for path in [*content.rglob("*")]:
        if path.name in _NOTES and path.is_file():
            path.unlink()
    if name:
        shutil.rmtree(content / ".git", ignore_errors=True)
        place.mkdir()
        content = content.rename(place / name).parent
    return f"{FOLDER}/{kept(infrastructure / FOLDER, content)}"
