"""What a CloudFormation unit is: its template, `parameters/<environment>.yaml`, `stack-policy.json`, and its inputs.

The unit's inputs are parameters too, and win over those of its files; `OURS` among them are not parameters.
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
from tasks.engines.cloudformation.documents import declared, is_hidden, parsed, template_file
from tasks.engines.cloudformation.options import CloudFormationOptions
from tasks.engines.cloudformation.packaging import Bucket, Package

POLICY = "stack-policy.json"

MOVING = "AWS::SSM::Parameter::Value<"
"""How the types begin of parameters that name a parameter of the Systems Manager."""

OURS = {"capabilities": "list", "stack": "string", "template_bucket": "string"}
"""Inputs that are not parameters, with their kinds. Parameters are named in another case by custom."""


@dataclass(frozen=True)
class Source:
    """A unit's source for one environment, with its inputs filled in.

    `package` is the template as it is sent. `parameters` hold None where a value refers to an output that is not
    known here: the stack keeps the one it has.
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
        """The values of parameters with NoEcho, given or by default: they are shown nowhere."""
        slots = {name: slot for name, slot in declared(self.document).items() if is_hidden(slot)}
        values = {self.parameters.get(name) or str(slot.get("Default", "")) for name, slot in slots.items()}
        defaults = {str(slot.get("Default", "")) for slot in slots.values()}
        return frozenset(values | defaults) - {""}

    @property
    def moving(self) -> frozenset[str]:
        """The parameters whose values somebody else decides: they name a parameter of the Systems Manager."""
        slots = declared(self.document)
        return frozenset(name for name, slot in slots.items() if str(slot.get("Type", "")).startswith(MOVING))


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Paths, relative to `infrastructure`, of the stack policy and the files of parameters and imports; sorted."""
    folder = (infrastructure / source).resolve()
    there = [folder / POLICY, *parameter_files.usual(folder), *imports.usual(folder)]
    return _relative(infrastructure, (file for file in there if file.is_file()))


def unit_reads(infrastructure: Path, unit: Unit) -> tuple[str, ...]:
    """The same of what a unit's options name.

    Those are its template and parameters, and every file that a text in the template leads to (nested templates and
    what they read themselves, included fragments).
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
    """What is wrong with the files of a unit, seen without asking AWS."""
    try:
        template = _template(infrastructure, unit)
    except InvalidInput as error:
        yield str(error).removeprefix(f"{(infrastructure / unit.source).resolve()}: ")
    else:
        yield from _excesses(infrastructure.resolve(), template)
        yield from imports.faults(infrastructure, infrastructure / unit.source, unit, _logical_ids(template))
    yield from parameter_files.faults(infrastructure, infrastructure / unit.source, unit)


def _logical_ids(template: Path) -> frozenset[str]:
    """The resources that a template declares; none where macros or loops may add to them."""
    document = parsed(template)
    rolled = any(not isinstance(body, Mapping) for body in document["Resources"].values())
    return frozenset() if rolled or "Transform" in document else frozenset(document["Resources"])


def _excesses(root: Path, template: Path) -> Iterator[str]:
    """What the template of a unit, and those nested in it, have too much of."""
    for file in sorted(packaging.templates(template, root)):
        yield from (f"{file.relative_to(root)}: {why}" for why in limits.of_template(parsed(file)))


def supplied(infrastructure: Path, unit: Unit) -> frozenset[str]:
    """The parameters that the files which a unit names give a value."""
    files = parameter_files.named(infrastructure / unit.source, unit)
    return frozenset(name for file in files if file.is_file() for name in parameter_files.read(file).parameters)


def interface(infrastructure: Path, source: str) -> Interface:
    """What a unit without options takes and gives: see `unit_interface`."""
    return unit_interface(infrastructure, Unit("", "cloudformation", source, ()))


def unit_interface(infrastructure: Path, unit: Unit) -> Interface:
    """Takes what the template declares as Parameters, gives its Outputs, which are all text.

    Required is what has no Default and does not stand in every parameter file.
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
    """The outputs that a template declares; None where it declares some in a loop, which only an apply unrolls."""
    outputs = document.get("Outputs") or {}
    rolled = any(not isinstance(body, Mapping) for body in outputs.values())
    return None if rolled else dict.fromkeys(outputs, "string")


def load(workspace: Workspace, inputs: Mapping[str, Any]) -> Source:
    """The unit's source with `inputs`; `InvalidInput` names the file or input that is wrong."""
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
    if why := next(limits.of_request(stack, parameters, tags), None):
        raise InvalidInput(f"unit {workspace.unit.name}: {why}")
    return Source(
        stack=stack,
        package=package,
        document=document,
        parameters=parameters,
        tags=tags,
        capabilities=tuple(inputs.get("capabilities") or ()),
        policy=_policy(folder / POLICY) or configured.policy,
        protected=workspace.unit.protected,
        imports=imports.of(folder, workspace.unit, environment),
        import_existing=workspace.options(CloudFormationOptions).import_existing,
    )


def bucket_of(workspace: Workspace, inputs: Mapping[str, Any]) -> Bucket:
    """Where the unit's templates are uploaded to, if anywhere."""
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
    """A value as CloudFormation takes it; None for one that is not known here."""
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
    if declared_type == "CommaDelimitedList" or declared_type.startswith("List<"):
        return "list"
    return "number" if declared_type == "Number" else "string"
