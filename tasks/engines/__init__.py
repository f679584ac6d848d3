"""One adapter a tool, all behind the `Engine` protocol, found in one literal table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.engines.ansible import engine as ansible
from tasks.engines.base import Engine, Interface, Workspace, Workspaces
from tasks.engines.cloudformation import engine as cloudformation
from tasks.engines.helm import engine as helm
from tasks.engines.kustomize import engine as kustomize
from tasks.engines.packer import engine as packer
from tasks.engines.terraform import engine as terraform

__all__ = ["ENGINES", "INTERFACES", "NAMES", "READS", "Engine", "Interface", "Workspace", "Workspaces", "interface"]

ENGINES: Mapping[str, Callable[[Workspaces, str], Engine]] = {
    "terraform": terraform.Terraform,
    "helm": helm.Helm,
    "kustomize": kustomize.Kustomize,
    "cloudformation": cloudformation.CloudFormation,
    "packer": packer.Packer,
    "ansible": ansible.Ansible,
}
"""Engine name -> maker, from the workspaces of a promotion and the tool's executable."""

READS: Mapping[str, Callable[[Path, str], tuple[str, ...]]] = {
    "terraform": terraform.reads,
    "helm": helm.reads,
    "kustomize": kustomize.reads,
    "cloudformation": cloudformation.reads,
    "packer": packer.reads,
    "ansible": ansible.reads,
}
"""Engine name -> the files that a unit reads, below infrastructure/, given that folder and the unit's source."""

INTERFACES: Mapping[str, Callable[[Path, str], Interface]] = {
    "terraform": terraform.interface,
    "helm": helm.interface,
    "kustomize": kustomize.interface,
    "cloudformation": cloudformation.interface,
    "packer": packer.interface,
    "ansible": ansible.interface,
}
"""Engine name -> what a unit takes and gives, given infrastructure/ and its source."""

NAMES = tuple(ENGINES)
"""What `engine:` in platform.yaml may be."""


def interface(engine: str, infrastructure: Path, source: str) -> Interface:
    """What a unit takes and gives, as far as its source tells; `InvalidInput` when that cannot be read."""
    return INTERFACES[engine](infrastructure, source)
