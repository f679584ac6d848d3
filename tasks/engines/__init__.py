"""Engines: one folder for each tool, each registered once. Everything that depends on tools derives from these.

Importing this package does not import the engines: most commands only read platform.yaml.
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
"""The built-in engines."""

ENGINES = Registry(BUILT_IN)
"""All engines by name, those of installed packages included: the values of `engine:` in platform.yaml."""


def interface(infrastructure: Path, unit: Unit) -> Interface:
    """Read a unit's inputs and outputs from its source.

    Raises:
        InvalidInput: the source cannot be read.
    """
    return ENGINES[unit.engine].interface_of(infrastructure, unit)
