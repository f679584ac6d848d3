"""The objects in the files that a kustomization reads, as they are written: before kustomize renders them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tasks import yaml12
from tasks.engines.base import Workspace
from tasks.engines.kustomize import sources


def objects(workspace: Workspace, *kinds: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(file, object) of every object of these kinds in the YAML files that the kustomization reads."""
    for file in sources.reads(workspace.infrastructure, workspace.unit.source):
        if not file.endswith((".yaml", ".yml")):
            continue
        try:
            found = yaml12.load_all_by((workspace.infrastructure / file).read_text(), yaml.SafeLoader)
        except yaml.YAMLError:
            # The plan renders the kustomization, and reports the YAML error.
            continue
        yield from ((file, each) for each in found if isinstance(each, Mapping) and each.get("kind") in kinds)
