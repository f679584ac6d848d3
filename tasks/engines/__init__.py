"""Engines: one folder a tool, each registered once; whatever depends on tools derives from these registrations."""

from __future__ import annotations

from pathlib import Path

from tasks.engines.ansible.engine import ENGINE as ANSIBLE
from tasks.engines.base import Engine, Interface, Options, UnitEngine, Workspace
from tasks.engines.cloudformation.engine import ENGINE as CLOUDFORMATION
from tasks.engines.helm.engine import ENGINE as HELM
from tasks.engines.kustomize.engine import ENGINE as KUSTOMIZE
from tasks.engines.packer.engine import ENGINE as PACKER
from tasks.engines.registry import Registry
from tasks.engines.terraform.engine import ENGINE as TERRAFORM
from tasks.engines.terragrunt.engine import ENGINE as TERRAGRUNT

__all__ = ["BUILT_IN", "ENGINES", "Engine", "Interface", "Options", "UnitEngine", "Workspace", "interface"]

BUILT_IN = (TERRAFORM, TERRAGRUNT, HELM, KUSTOMIZE, CLOUDFORMATION, PACKER, ANSIBLE)
"""The engines that the product brings."""

ENGINES = Registry(BUILT_IN)
"""Engine name -> its registration: what `engine:` in platform.yaml may be, installed engines included."""


def interface(engine: str, infrastructure: Path, source: str) -> Interface:
    """What a unit takes and gives, as far as its source tells; `InvalidInput` when that cannot be read."""
    return ENGINES[engine].interface(infrastructure, source)
