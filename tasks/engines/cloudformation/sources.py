"""Read a CloudFormation unit: its template, `parameters/<environment>.yaml`, `stack-policy.json` and inputs.

The unit's inputs are parameters too, except `OURS`, and override those of its files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import yaml12
from tasks.domain import references
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.base import Interface, Workspace
from tasks.engines.cloudformation import imports, limits, packaging, parameter_files
from tasks.engines.cloudformation.answers import SHORTEST_SECRET
from tasks.engines.cloudformation.documents import (
    declared,
    has_macros,
    is_hidden,
    is_list,
    parsed,
    parts,
    template_file,
)
from tasks.engines.cloudformation.options import CloudFormationOptions
from tasks.engines.cloudformation.packaging import Bucket, Package

POLICY = "stack-policy.json"

MOVING = "AWS::SSM::Parameter::Value<"
"""Prefix of the types of parameters whose value is the name of a parameter in Systems Manager."""

OURS = {"capabilities": "list", "stack": "string", "template_bucket": "string"}
"""Inputs that are not parameters, with their kinds. By convention, parameters are capitalized and these are not."""


@dataclass(frozen=True)
class Source:
    """A unit's source for one environment, with its inputs filled in.

    Attributes:
        stack: the stack's name.
        package: the template as it is sent.
        document: the template, parsed.
        parameters: by name. None if a value refers to an output that is not known here: the stack keeps its value.
        tags: the stack's tags.
        capabilities: the capabilities that CloudFormation asks for, such as CAPABILITY_IAM.
        policy: the stack policy; None for none.
        protected: whether the stack has termination protection.
        imports: the existing resources that become part of the stack.
        import_existing: also import existing resources that the template names.
    """

    stack: str
    package: Package
    document: Mapping[str, Any]
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    policy: Mapping[str, Any] | None
    protected: bool = False
    imports: tuple[imports.Import, ...] = ()
    import_existing: bool = False

    @property
    def text(self) -> str:
        """The template as it is sent."""
        return self.package.text

    @property
    def secrets(self) -> frozenset[str]:
        """The values of NoEcho parameters, given or by default. They must not be shown anywhere."""
        slots = {name: slot for name, slot in declared(self.document).items() if is_hidden(slot)}
        values = {self._text(name, slot) for name, slot in slots.items()}
        defaults = {str(slot.get("Default", "")) for slot in slots.values()}
        listed = {part for name, slot in slots.items() if is_list(slot) for part in parts(self._text(name, slot))}
        # A short item would mask whatever contains it by chance.
        return frozenset(values | defaults | {part for part in listed if len(part) >= SHORTEST_SECRET}) - {""}

    def _text(self, name: str, slot: Mapping[str, Any]) -> str:
        return self.parameters.get(name) or str(slot.get("Default", ""))

    @property
    def moving(self) -> frozenset[str]:
        """The parameters whose values are names of Systems Manager parameters: others decide what they resolve to."""
        slots = declared(self.document)
        return frozenset(name for name, slot in slots.items() if str(slot.get("Type", "")).startswith(MOVING))


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return the stack policy and the usual files of parameters and imports, as sorted paths.

    The paths are relative to `infrastructure`.
    """
    folder = (infrastructure / source).resolve()
    there = [folder / POLICY, *parameter_files.usual(folder), *imports.usual(folder)]
    return _relative(infrastructure, (file for file in there if file.is_file()))


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """Return the files that a unit's options name, as sorted paths below `infrastructure`.

    They are its template, parameters and imports, and every file that a text in the template leads to: code, included
    fragments, and nested templates with what these lead to.
    """
    folder = infrastructure / unit.source
    found = packaging.local_files(_template(infrastructure, unit), infrastructure.resolve())
    return _relative(infrastructure, {*found, *parameter_files.named(folder, unit), *imports.named(folder, unit)})


def _relative(infrastructure: Path, files: Iterable[Path]) -> tuple[str, ...]:
    root = infrastructure.resolve()
    return tuple(sorted(str(file.relative_to(root)) for file in files if file.is_relative_to(root)))


def _template(infrastructure: Path, unit: Unit) -> Path:
    chosen = CloudFormationOptions.model_validate(unit.options)
    return template_file((infrastructure / unit.source).resolve(), chosen.template)


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield the problems of a unit's files that are visible without asking AWS."""
    try:
        template = _template(infrastructure, unit)
    except InvalidInput as error:
        yield str(error).removeprefix(f"{(infrastructure / unit.source).resolve()}: ")
    else:
        yield from _excesses(infrastructure.resolve(), template)
        yield from imports.faults(infrastructure, infrastructure / unit.source, unit, _logical_ids(template))
    yield from parameter_files.faults(infrastructure, infrastructure / unit.source, unit)


def _logical_ids(template: Path) -> frozenset[str]:
    """Return the resources that a template declares; none if macros or loops may add to them."""
    document = parsed(template)
    rolled = any(not isinstance(body, Mapping) for body in document["Resources"].values())
    return frozenset() if rolled or "Transform" in document else frozenset(document["Resources"])


def _excesses(root: Path, template: Path) -> Iterator[str]:
    """Yield the limits that a unit's template, or one nested in it, exceeds."""
    for file in sorted(packaging.templates(template, root)):
        yield from (f"{file.relative_to(root)}: {why}" for why in limits.of_template(parsed(file)))


def supplied(infrastructure: Path, unit: Unit) -> frozenset[str]:
    """Return the parameters that get a value from the files that a unit names."""
    files = parameter_files.named(infrastructure / unit.source, unit)
    return frozenset(name for file in files if file.is_file() for name in parameter_files.read(file).parameters)


def interface(infrastructure: Path, source: str) -> Interface:
    """Return the inputs and outputs of a unit without options: see `unit_interface`."""
    return unit_interface(infrastructure, Unit("", "cloudformation", source, ()))


def unit_interface(infrastructure: Path, unit: Unit) -> Interface:
    """Return the template's Parameters as inputs, and its Outputs, which are all strings.

    A parameter is required if it has no Default and at least one parameter file does not set it.
    """
    document = parsed(_template(infrastructure, unit))
    slots = declared(document)
    files = [parameter_files.read(file).parameters for file in parameter_files.usual(infrastructure / unit.source)]
    given = {name for name in slots if files and all(name in file for file in files)}
    return Interface(
        accepts=OURS | {name: _kind(str(slot.get("Type", "String"))) for name, slot in slots.items()},
        required=frozenset(name for name, slot in slots.items() if "Default" not in slot) - given,
        gives=_outputs(document),
    )


def _outputs(document: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the outputs that a template declares; None if loops or macros may, which only an apply expands."""
    outputs = document.get("Outputs") or {}
    rolled = any(not isinstance(body, Mapping) for body in outputs.values()) or has_macros(document)
    return None if rolled else dict.fromkeys(outputs, "string")


def load(workspace: Workspace, inputs: Mapping[str, Any]) -> Source:
    """Load the unit's source, with the files of its environment and with `inputs`.

    Args:
        workspace: the unit, its environment and its files.
        inputs: parameters, and the inputs in `OURS`.

    Raises:
        InvalidInput: a file or an input is wrong; the message names it.
    """
    folder, environment = workspace.folder, workspace.environment.name
    template = _template(workspace.infrastructure, workspace.unit)
    document = parsed(template)
    configured = parameter_files.of(folder, workspace.unit, environment)
    given = {**configured.parameters, **{name: value for name, value in inputs.items() if name not in OURS}}
    own = {"Environment": environment, "Unit": workspace.unit.name, "ManagedBy": "cloudformation"}
    tags = {**{key: str(value) for key, value in configured.tags.items()}, **own}
    stack = str(inputs.get("stack") or f"{workspace.platform}-{environment}-{workspace.unit.name}")
    package = packaging.packaged(template, workspace.infrastructure, bucket_of(workspace, inputs))
    parameters = _parameters(template, declared(document), given)
    policy = _policy(folder / POLICY) or configured.policy
    wrong = [*limits.of_request(stack, parameters, tags), *(limits.of_policy(policy) if policy is not None else ())]
    if wrong:
        raise InvalidInput(f"unit {workspace.unit.name}: {wrong[0]}")
    return Source(
        stack=stack,
        package=package,
        document=document,
        parameters=parameters,
        tags=tags,
        capabilities=tuple(inputs.get("capabilities") or ()),
        policy=policy,
        protected=workspace.unit.protected,
        imports=imports.of(folder, workspace.unit, environment),
        import_existing=workspace.options(CloudFormationOptions).import_existing,
    )


def bucket_of(workspace: Workspace, inputs: Mapping[str, Any]) -> Bucket:
    """Return the bucket for the unit's templates. Its name is empty if the unit has none."""
    prefix = f"{workspace.platform}/{workspace.environment.name}/{workspace.unit.name}"
    return Bucket(str(inputs.get("template_bucket") or ""), workspace.environment.region, prefix)


def _parameters(
    file: Path, slots: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, str | None]:
    unknown = sorted(given.keys() - slots.keys())
    if unknown:
        known = ", ".join(sorted(slots)) or "none"
        raise InvalidInput(f"{file}: has no parameter {unknown[0]}; its parameters: {known}")
    missing = sorted(name for name, slot in slots.items() if "Default" not in slot and name not in given)
    if missing:
        where = f"in {parameter_files.FOLDER}/<environment>.yaml or under the unit's inputs"
        raise InvalidInput(f"{file}: parameter {missing[0]} has no value; give it one {where}")
    return {name: _as_text(value) for name, value in given.items()}


def _as_text(value: Any) -> str | None:
    """Return a value in the form that CloudFormation takes; None if the value is not known here."""
    if references.sources(value):
        return None
    if isinstance(value, list | tuple):
        return ",".join(str(_as_text(item)) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _policy(file: Path) -> Mapping[str, Any] | None:
    if not file.is_file():
        return None
    try:
        found: Mapping[str, Any] = yaml12.load_json(file.read_text())
    except ValueError as error:
        raise InvalidInput(f"{file} is not valid JSON: {error}") from error
    return found


def _kind(declared_type: str) -> str:
    if declared_type.startswith(MOVING):
        return "string"
    if is_list({"Type": declared_type}):
        return "list"
    return "number" if declared_type == "Number" else "string"
