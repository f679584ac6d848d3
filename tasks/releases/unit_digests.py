"""Computes the digest of everything in a release that a unit reads.

It decides whether a promotion touches the unit.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tasks import manifest
from tasks.domain.platform import Check, Platform, Unit
from tasks.domain.values import digest_of
from tasks.engines import ENGINES
from tasks.releases.contents import FOLDER, File, follow, from_root, links


def unit_digests(infrastructure: Path, platform: Platform, files: Sequence[File]) -> dict[str, str]:
    """Return the digests over the files that each unit reads in each environment, and over its checks and options.

    Inputs are left out; they have a digest of their own.

    Args:
        infrastructure: a checkout of the release, for the engines to read.
        platform: the platform of the release.
        files: all files of the release.

    Returns:
        {"environment/unit": digest}.
    """
    resolved = {
        f"{environment.name}/{unit.name}": manifest.resolve(platform, environment.name, unit.name)
        for environment in platform.environments
        for unit in platform.units_in(environment.name)
    }
    root, found = manifest.root(infrastructure, platform), from_root(files, whole=bool(platform.paths))
    scripts = f"{FOLDER}/" if platform.paths else ""
    known, leading = {path: found[path].digest for path in sorted(found)}, links(found)
    return {name: _unit_digest(root, unit, known, leading, scripts) for name, unit in resolved.items()}


def _unit_digest(root: Path, unit: Unit, known: Mapping[str, str], leading: Mapping[str, str], scripts: str) -> str:
    engine = ENGINES[unit.engine]
    more = (*engine.unit_reads(root, unit), *(f"{scripts}{path}" for path in _scripts(unit.checks)))
    paths = (*engine.reads(root, unit.source), *more)
    found = {path: known[path] for path in followed(paths, unit.source, known, leading) if path in known}
    what = {"engine": unit.engine, "files": found, "checks": [asdict(check) for check in unit.checks]}
    return digest_of({**what, "options": dict(unit.options)} if unit.options else what)


def followed(
    paths: Sequence[str], source: str, known: Collection[str], leading: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the paths that a unit reads, with the symlinks on the way and everything that they lead to.

    A symlink next to a file that is read counts too, because engines list folders without following links.

    Args:
        paths: the paths that the engine reports.
        source: the unit's folder.
        known: the paths of all files and symlinks of the release.
        leading: {path of a symlink: its target}.

    Returns:
        Paths in the form of the arguments, sorted.
    """
    if not leading:
        return tuple(paths)
    beside = {posixpath.dirname(path) for path in paths}
    used = {link for link in leading if posixpath.dirname(link) in beside or _is_within(link, source)}
    used |= {link for link in leading for path in (source, *paths) if _is_within(path, link)}
    through = {path for path in paths if path not in known or path in leading}
    ends = {end for end in (follow(path, leading) for path in used | through) if end is not None}
    return tuple(sorted({*paths, *used, *(path for path in known for end in ends if _is_within(path, end))}))


def _is_within(path: str, folder: str) -> bool:
    return folder in ("", ".") or path == folder or path.startswith(f"{folder}/")


def _scripts(checks: tuple[Check, ...]) -> list[str]:
    return [str(check.options["path"]) for check in checks if check.kind == "script"]
