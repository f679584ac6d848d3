"""Engines: one folder a tool, each registered once; whatever depends on tools derives from these registrations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.engines.ansible.engine import ENGINE as ANSIBLE
from tasks.engines.base import Engine, Interface, UnitEngine, Workspace
from tasks.engines.cloudformation.engine import ENGINE as CLOUDFORMATION
from tasks.engines.helm.engine import ENGINE as HELM
from tasks.engines.kustomize.engine import ENGINE as KUSTOMIZE
from tasks.engines.packer.engine import ENGINE as PACKER
from tasks.engines.terraform.engine import ENGINE as TERRAFORM

__all__ = ["ENGINES", "NAMES", "Engine", "Interface", "UnitEngine", "Workspace", "interface"]

ENGINES: Mapping[str, Engine] = {
    engine.name: engine for engine in (TERRAFORM, HELM, KUSTOMIZE, CLOUDFORMATION, PACKER, ANSIBLE)
}
"""Engine name -> its registration."""

NAMES = tuple(ENGINES)
"""What `engine:` in platform.yaml may be."""


def interface(engine: str, infrastructure: Path, source: str) -> Interface:
    """What a unit takes and gives, as far as its source tells; `InvalidInput` when that cannot be read."""
    return ENGINES[engine].interface(infrastructure, source)
