"""Finds the files that a kustomization reads, transitively, and renders it.

Every text in a kustomization.yaml that names an existing file or folder counts as read, including the `name=path` of
generators. This can only err by planning once too often. Anything that a kustomization would fetch from elsewhere is
rejected, because a release is complete in itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tasks.cluster.documents import document, documents
from tasks.cluster.objects import Manifest, Reference, parsed, sent
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.values import texts
from tasks.engines.base import Interface
from tasks.processes import Command, Processes

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The file names that kustomize looks for in a folder."""
_MUST_EXIST = ("resources", "components", "bases")
_CHARTS = ("helmCharts", "helmChartInflationGenerator")
_NAME_FILES = frozenset(
    {"files", "envs", "env", "path", "patchesStrategicMerge", "transformers", "generators", "validators"}
    | {"crds", "configurations", "valuesFile"}
)
_PLUGINS = ("generators", "transformers", "validators")
_ELSEWHERE = "what comes from elsewhere has to be in the release"
_FETCHED = ("http", "https")
_HAS_KEY = re.compile(r"[-._A-Za-z0-9]+=")
_SECONDS = 120


def interface(_: Path, __: str) -> Interface:
    """Return the inputs and outputs: no inputs, since overlays hold what differs between environments; one output."""
    return Interface(accepts={}, gives={"objects": "list"})


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """List all files that the kustomization at `source` reads, as sorted paths relative to `infrastructure`.

    Raises:
        InvalidInput: a file is missing, not valid YAML, outside of infrastructure/, or would be fetched from
            elsewhere.
    """
    root = infrastructure.resolve()
    found: set[Path] = set()
    waiting = [(root / source).resolve()]
    while waiting:
        place = waiting.pop()
        if not place.is_relative_to(root):
            outside = "which is outside of infrastructure/ and so not in a release: add it to `paths`"
            raise InvalidInput(f"{source}: reads {place}, {outside}")
        file = _kustomization(place) if place.is_dir() else place
        if file not in found:
            found.add(file)
            waiting += _named(file) if place.is_dir() else []
    return tuple(sorted(str(file.relative_to(root)) for file in found))


def rendered(executable: str, folder: Path, runner: Processes) -> dict[Reference, Manifest]:
    """Render the kustomization in `folder`, and return its objects in the order in which they are applied.

    Args:
        executable: kubectl, as a path or a name on PATH.
        folder: the folder of the kustomization.
        runner: runs the command.

    Raises:
        Refused: kubectl cannot render it.
    """
    finished = runner.run(Command((executable, "kustomize", str(folder)), folder, {}, _SECONDS))
    if finished.exit_code != 0:
        said = " ".join(finished.stderr.split()).removeprefix("error: ")
        raise Refused(f"kubectl kustomize {folder.name}: {said or 'it gave no reason'}")
    found = parsed(finished.stdout, f"what {folder} renders to")
    return {about: sent(manifest) for about, manifest in found.items()}


def _kustomization(folder: Path) -> Path:
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    raise InvalidInput(f"{folder}: holds no kustomization.yaml")


def _named(file: Path) -> list[Path]:
    try:
        found = document(file.read_text()) or {}
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is not valid YAML: {error}") from error
    _require_complete(file, found)
    parts = [found, *_plugins(file, found)]
    for part in parts:
        _require_on_disk(file, part)
    named = (file.parent / path for text in texts(parts) for path in (text, text.partition("=")[2]) if path)
    return [path.resolve() for path in named if _is_there(path) and path.resolve() != file.parent.resolve()]


def _plugins(file: Path, found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the generators, transformers and validators that a kustomization has in files or inline.

    They name files too, relative to the kustomization's own folder.
    """
    for entry in (str(entry) for key in _PLUGINS for entry in found.get(key) or ()):
        place = file.parent / entry
        if not _is_there(place):
            origin, text = file, entry
        elif place.is_file():
            origin, text = place, place.read_text()
        else:
            continue
        try:
            yield from (each for each in documents(text) if isinstance(each, Mapping))
        except yaml.YAMLError as error:
            raise InvalidInput(f"{origin} is not valid YAML: {error}") from error


def _require_complete(file: Path, found: Mapping[str, Any]) -> None:
    """Reject what kustomize would fetch from elsewhere."""
    for key in _CHARTS:
        if found.get(key):
            told = f"{file}: {key}: kubectl kustomize renders no charts"
            raise InvalidInput(f"{told}; make the chart a unit with engine: helm, or commit what it renders to")
    missing = [
        f"{key}: there is no {name} beside it"
        for key in _MUST_EXIST
        for name in found.get(key) or ()
        if not (file.parent / str(name)).exists()
    ]
    if missing:
        raise InvalidInput(f"{file}: {missing[0]}; {_ELSEWHERE}")


def _require_on_disk(file: Path, part: Mapping[str, Any]) -> None:
    for text in _files_of(part):
        if text.partition("://")[0] in _FETCHED:
            raise InvalidInput(f"{file}: {text} would be fetched whenever it is rendered; {_ELSEWHERE}")


def _files_of(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that name files, at any depth, without the key that a generator may put before them."""
    for key, value in found.items():
        if key in _NAME_FILES and value:
            yield from (text.partition("=")[2] if _HAS_KEY.match(text) else text for text in texts([value]))
        elif isinstance(value, Mapping):
            yield from _files_of(value)
        elif isinstance(value, list):
            yield from (text for each in value if isinstance(each, Mapping) for text in _files_of(each))


def _is_there(path: Path) -> bool:
    """Tell whether a path is a file or a kustomization. A text that no file system could hold is not a path."""
    try:
        return path.is_file() or (path.is_dir() and any((path / name).is_file() for name in NAMES))
    except (OSError, ValueError):
        return False
