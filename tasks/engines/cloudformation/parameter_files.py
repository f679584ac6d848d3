"""Read parameter files, in every form that AWS's own tools take. Values are kept as the text that is written.

    Parameters: {Name: shop}                                    a template configuration file (CodePipeline)
    [{ParameterKey: Name, ParameterValue: shop}]                `aws cloudformation create-stack --parameters`
    ["Name=shop"]                                               `aws cloudformation deploy --parameter-overrides`
    {Name: shop}                                                the same, as a mapping

Source: AWS CloudFormation user guide, "Template configuration file"; AWS CLI reference of the commands named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.cloudformation import unit_files
from tasks.engines.cloudformation.options import CloudFormationOptions

FOLDER = "parameters"
_CONFIGURATION = frozenset({"Parameters", "Tags", "StackPolicy"})


@dataclass(frozen=True)
class Configuration:
    """The parameters, tags and stack policy in files of parameters. `policy` is None if no file has one."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] | None = None

    def under(self, later: Configuration) -> Configuration:
        """Return this configuration with the values of a later file on top."""
        policy = self.policy if later.policy is None else later.policy
        return Configuration({**self.parameters, **later.parameters}, {**self.tags, **later.tags}, policy)


def usual(folder: Path, environment: str = "*") -> list[Path]:
    """Return the files that count without being named: the first for one environment, or all of them."""
    return unit_files.usual(folder / FOLDER, environment)


def named(folder: Path, unit: Unit) -> tuple[Path, ...]:
    """Return the files that a unit names, in order."""
    return unit_files.named(folder, CloudFormationOptions.model_validate(unit.options).parameter_files)


def of(folder: Path, unit: Unit, environment: str) -> Configuration:
    """Return the configuration of a unit in an environment.

    Raises:
        InvalidInput: a file is wrong; the message names it.
    """
    found = Configuration()
    for file in named(folder, unit) or usual(folder, environment):
        found = found.under(read(file))
    return found


def faults(infrastructure: Path, folder: Path, unit: Unit) -> Iterator[str]:
    """Yield the named files that do not exist or are outside of the release."""
    yield from unit_files.faults(infrastructure.resolve(), named(folder, unit), "cloudformation.parameters")


def read(file: Path) -> Configuration:
    """Read one file.

    Raises:
        InvalidInput: the file has none of the forms.
    """
    try:
        found = yaml12.load_text(file.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is not valid YAML: {error}") from error
    if found is None:
        return Configuration()
    if isinstance(found, list):
        return Configuration(dict(_pair(file, each) for each in found))
    if not isinstance(found, dict):
        raise InvalidInput(f"{file}: should be a mapping with Parameters and Tags, or a list of parameters")
    return _configuration(file, found) if found.keys() & _CONFIGURATION else Configuration(found)


def _configuration(file: Path, found: Mapping[str, Any]) -> Configuration:
    if more := sorted(found.keys() - _CONFIGURATION):
        raise InvalidInput(f"{file}: {more[0]} is not a key beside {', '.join(sorted(_CONFIGURATION))}")
    given = found.get("Parameters") or {}
    if not isinstance(given, dict | list):
        raise InvalidInput(f"{file}: Parameters should be a mapping or a list, not {given!r}")
    parameters = dict(_pair(file, each) for each in given) if isinstance(given, list) else given
    return Configuration(parameters, found.get("Tags") or {}, found.get("StackPolicy"))


def _pair(file: Path, each: Any) -> tuple[str, Any]:
    if isinstance(each, str) and "=" in each:
        name, _, value = each.partition("=")
        return name, value
    if isinstance(each, Mapping) and "ParameterKey" in each:
        if "ParameterValue" in each:
            return str(each["ParameterKey"]), each["ParameterValue"]
        told = "UsePreviousValue would make a release depend on what is there: write the value"
        raise InvalidInput(f"{file}: {each['ParameterKey']} has no ParameterValue; {told}")
    raise InvalidInput(
        f"{file}: {each!r} is not a parameter: {{ParameterKey: ..., ParameterValue: ...}} or NAME=VALUE"
    )
