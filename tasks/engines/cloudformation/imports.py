"""Read which existing resources become part of a unit's stack. Pure, except for reading the files.

    [{ResourceType: AWS::SQS::Queue, LogicalResourceId: Orders, ResourceIdentifier: {QueueUrl: ...}}]
                                                                `aws cloudformation create-change-set`
    {Orders: {QueueUrl: ...}}                                   the same, with the types of the template

A completed import stays in the file without an effect, as Terraform's `import` blocks do.

Source: AWS CloudFormation user guide, "Import AWS resources into a CloudFormation stack".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Unit
from tasks.engines.cloudformation import nesting, unit_files
from tasks.engines.cloudformation.options import CloudFormationOptions

FOLDER = "imports"
_RETAINED = ("Retain", "RetainExceptOnCreate")

ALONE = (
    "CloudFormation imports by itself, without outputs: promote a release that adds nothing else first, "
    "or find the resources by name (cloudformation: {import_existing: true})"
)
"""Advice for a change set that would import and change something else too."""

ALONE_IN_WORDS = (
    "missing from ResourceToImport list",
    "cannot be executed during import operations",
    "As part of the import operation, you cannot modify or add",
)
"""CloudFormation's messages for a change set that imports and changes something else: an ordinary ValidationError."""


@dataclass(frozen=True)
class Import:
    """A resource that exists already. `kind` is empty if the template gives the type."""

    logical_id: str
    identifier: Mapping[str, str]
    kind: str = ""


def usual(folder: Path, environment: str = "*") -> list[Path]:
    """Return the files that count without being named: the first for one environment, or all of them."""
    return unit_files.usual(folder / FOLDER, environment)


def named(folder: Path, unit: Unit) -> tuple[Path, ...]:
    """Return the file that a unit names; empty if it names none."""
    chosen = CloudFormationOptions.model_validate(unit.options).imports
    return unit_files.named(folder, (chosen,) if chosen else ())


def of(folder: Path, unit: Unit, environment: str) -> tuple[Import, ...]:
    """Return what a unit imports in an environment.

    Raises:
        InvalidInput: a file is wrong; the message names it.
    """
    return tuple(each for file in named(folder, unit) or usual(folder, environment) for each in read(file))


def faults(infrastructure: Path, folder: Path, unit: Unit, declared: Collection[str]) -> Iterator[str]:
    """Yield the problems of the file that a unit names, or of the usual files.

    Args:
        infrastructure: the folder that sources are relative to.
        folder: the unit's source folder.
        unit: the unit.
        declared: the logical ids of the unit's template; empty if only CloudFormation knows them.
    """
    root = infrastructure.resolve()
    yield from unit_files.faults(root, named(folder, unit), "cloudformation.imports")
    for file in named(folder, unit) or usual(folder.resolve()):
        if file.is_file() and file.is_relative_to(root):
            yield from _unknown(file, root, declared)


def _unknown(file: Path, root: Path, declared: Collection[str]) -> Iterator[str]:
    for each in read(file):
        if declared and each.logical_id not in declared:
            yield f"{file.relative_to(root)}: {each.logical_id} is no resource of the template"


def read(file: Path) -> tuple[Import, ...]:
    """Read one file.

    Raises:
        InvalidInput: the file has none of the forms.
    """
    try:
        found = yaml12.load_text(file.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is not valid YAML: {error}") from error
    if isinstance(found, Mapping):
        return tuple(Import(name, _identifier(file, name, value)) for name, value in found.items())
    if isinstance(found, list):
        return tuple(_listed(file, each) for each in found)
    if found is None:
        return ()
    raise InvalidInput(f"{file}: should be a mapping of logical ids to identifiers, or a list of ResourcesToImport")


def _listed(file: Path, each: Any) -> Import:
    keys = {"LogicalResourceId", "ResourceIdentifier", "ResourceType"}
    if not isinstance(each, Mapping) or each.keys() != keys:
        raise InvalidInput(f"{file}: {each!r} should have the keys {', '.join(sorted(keys))}")
    name = str(each["LogicalResourceId"])
    return Import(name, _identifier(file, name, each["ResourceIdentifier"]), str(each["ResourceType"]))


def _identifier(file: Path, name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value or not all(isinstance(each, str) for each in value.values()):
        raise InvalidInput(f"{file}: {name} should be what identifies it, {{BucketName: orders}}, not {value!r}")
    return {str(key): str(each) for key, each in value.items()}


def pending(
    imports: Iterable[Import], document: Mapping[str, Any], there: Iterable[Mapping[str, Any]]
) -> tuple[Import, ...]:
    """Return the imports that are still to be done: the template has the resource, the stack does not.

    Args:
        imports: the unit's imports.
        document: its template.
        there: the stack's resources, as ListStackResources returns them.

    Raises:
        Refused: a rollback would delete an imported resource, because its DeletionPolicy does not retain it.
    """
    has = {each["LogicalResourceId"] for each in there if not _is_put_back(each["ResourceStatus"])}
    bodies = document["Resources"]
    found = [each for each in imports if each.logical_id not in has and each.logical_id in bodies]
    for each in found:
        _refuse_unless_retained(each.logical_id, bodies[each.logical_id])
    return tuple(found)


def arguments(found: Sequence[Import], document: Mapping[str, Any], *, fresh: bool, by_name: bool) -> dict[str, Any]:
    """Return the arguments of CreateChangeSet that set its type.

    Args:
        found: the pending imports. If there are any, the change set can do nothing else.
        document: the template.
        fresh: whether the stack is to be created.
        by_name: also import existing resources that the template names, in a change set that does other things too.
    """
    if not found:
        return {
            "ChangeSetType": "CREATE" if fresh else "UPDATE",
            **({"ImportExistingResources": True} if by_name else {}),
            **({"IncludeNestedStacks": True} if nesting.has_nested(document) else {}),
        }
    return {
        "ChangeSetType": "IMPORT",
        "ResourcesToImport": [
            {
                "ResourceType": each.kind or str(document["Resources"][each.logical_id].get("Type", "")),
                "LogicalResourceId": each.logical_id,
                "ResourceIdentifier": dict(each.identifier),
            }
            for each in found
        ],
    }


def _is_put_back(status: str) -> bool:
    """Tell whether the import of a resource was rolled back, so that it is not part of the stack."""
    return status.startswith("IMPORT_") and status != "IMPORT_COMPLETE"


def _refuse_unless_retained(name: str, body: Any) -> None:
    """Reject an import that a rollback, or deleting the stack, would delete although the resource existed before."""
    policy = body.get("DeletionPolicy", "Delete") if isinstance(body, Mapping) else "Delete"
    if policy not in _RETAINED:
        told = f"is imported with DeletionPolicy {policy}, so a rollback would delete it"
        raise Refused(f"{name} {told}: set DeletionPolicy to {' or '.join(_RETAINED)}")
