"""Provides validators with the objects of a kustomization, each with the file that it comes from.

The objects come from kustomize's output, so they include generated ones, and patched ones are as they will be
applied. If it cannot be rendered, which the plan reports, the files are read as they are written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.cluster.documents import documents
from tasks.domain.errors import FlowmartError
from tasks.engines.base import Workspace
from tasks.engines.kustomize import sources
from tasks.processes import Command
from tasks.run_folder import run_folder

Objects = Iterator[tuple[str, Mapping[str, Any]]]

_ORIGIN = "config.kubernetes.io/origin"
"""The annotation in which kustomize records an object's origin (`buildMetadata: [originAnnotations]`)."""

_SECONDS = 120


def objects(workspace: Workspace, mentioned: str, *kinds: str) -> Objects:
    """Yield (file, object) of every object of these kinds.

    Args:
        workspace: the workspace of a kustomization.
        mentioned: a text that some file contains if there may be such an object. Without it nothing is rendered.
        kinds: as in `kind:`.
    """
    read = sources.reads(workspace.infrastructure, workspace.unit.source)
    if any(mentioned in (workspace.infrastructure / file).read_text(errors="replace") for file in read):
        found = _rendered(workspace)
        yield from (each for each in (_written(workspace, read) if found is None else found) if _is(each[1], kinds))


def beside(workspace: Workspace, pattern: str) -> list[str]:
    """List the files that match a pattern beside the kustomization, and beside those that it includes.

    Args:
        workspace: the workspace of a kustomization.
        pattern: a shell pattern of names.

    Returns:
        Sorted paths, relative to infrastructure/.
    """
    read = sources.reads(workspace.infrastructure, workspace.unit.source)
    folders = {str(Path(file).parent) for file in read if Path(file).name in sources.NAMES}
    files = (file for folder in folders for file in (workspace.infrastructure / folder).glob(pattern))
    return sorted(str(file.relative_to(workspace.infrastructure)) for file in files)


def _rendered(workspace: Workspace) -> list[tuple[str, Mapping[str, Any]]] | None:
    with run_folder("rendered") as made:
        folder = made.resolve()
        resource = os.path.relpath(workspace.folder.resolve(), folder)
        overlay = {"resources": [resource], "buildMetadata": ["originAnnotations"]}
        (folder / "kustomization.yaml").write_text(json.dumps(overlay))
        command = Command((workspace.executable or "kubectl", "kustomize", str(folder)), folder, {}, _SECONDS)
        try:
            finished = workspace.processes.run(command)
        except FlowmartError:
            return None
        if finished.exit_code != 0:
            return None
        root = workspace.infrastructure.resolve()
        return [_with_file(each, folder, root) for each in _documents(finished.stdout)]


def _with_file(manifest: Mapping[str, Any], folder: Path, root: Path) -> tuple[str, Mapping[str, Any]]:
    annotations = manifest["metadata"]["annotations"]
    origin = yaml12.load_text(annotations[_ORIGIN])
    file = os.path.relpath((folder / (origin.get("path") or origin["configuredIn"])).resolve(), root)
    kept = {name: value for name, value in annotations.items() if name != _ORIGIN}
    return file, {**manifest, "metadata": {**manifest["metadata"], "annotations": kept}}


def _written(workspace: Workspace, files: tuple[str, ...]) -> Objects:
    for file in files:
        if not file.endswith((".yaml", ".yml")):
            continue
        try:
            yield from ((file, each) for each in _documents((workspace.infrastructure / file).read_text()))
        except yaml.YAMLError:
            # The plan renders the kustomization, and reports the YAML error.
            continue


def _documents(text: str) -> list[Mapping[str, Any]]:
    return [each for each in documents(text) if isinstance(each, Mapping)]


def _is(manifest: Mapping[str, Any], kinds: tuple[str, ...]) -> bool:
    return manifest.get("kind") in kinds
