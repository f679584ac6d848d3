"""Engines: one folder a tool, each registered once; whatever depends on tools derives from these registrations.

Importing this package imports no engine: most commands read platform.yaml, and few work with a tool.
"""

from __future__ import annotations

from pathlib import Path

from tasks.domain.platform import Unit
from tasks.engines.ansible.options import AnsibleOptions
from tasks.engines.base import Engine, Interface, Options, UnitEngine, Workspace
from tasks.engines.cloudformation.options import CloudFormationOptions
from tasks.engines.elasticsearch.options import ElasticsearchOptions
from tasks.engines.helm.options import HelmOptions
from tasks.engines.kustomize.options import KustomizeOptions
from tasks.engines.packer.options import PackerOptions
from tasks.engines.registry import BuiltIn, Registry
from tasks.engines.terraform.options import TerraformOptions
from tasks.engines.terragrunt.options import TerragruntOptions

__all__ = ["BUILT_IN", "ENGINES", "Engine", "Interface", "Options", "UnitEngine", "Workspace", "interface"]

BUILT_IN = (
    BuiltIn("terraform", TerraformOptions),
    BuiltIn("terragrunt", TerragruntOptions),
    BuiltIn("helm", HelmOptions),
    BuiltIn("kustomize", KustomizeOptions),
    BuiltIn("cloudformation", CloudFormationOptions),
    BuiltIn("packer", PackerOptions),
    BuiltIn("ansible", AnsibleOptions),
    BuiltIn("elasticsearch", ElasticsearchOptions),
)
"""The engines that the product brings."""

ENGINES = Registry(BUILT_IN)
"""Engine name -> its registration: what `engine:` in platform.yaml may be, installed engines included."""


def interface(infrastructure: Path, unit: Unit) -> Interface:
    """What a unit takes and gives, as far as its source tells; `InvalidInput` when that cannot be read."""
    return ENGINES[unit.engine].interface_of(infrastructure, unit)
