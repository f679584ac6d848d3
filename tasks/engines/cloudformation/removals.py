"""Determine what is deleted with a stack and what stays. A nested stack is deleted with everything in it.

Neither DeleteStack nor a change set that removes a nested stack shows this. It follows from the templates and the
existing resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.domain.plan import Action, Change
from tasks.engines.cloudformation import answers, values
from tasks.engines.cloudformation.stacks import Described, Stacks

_RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class Removal:
    """What a deleted stack takes along.

    Attributes:
        changes: the deletions.
        kept: descriptions of what its policies keep, as it is or as a snapshot.
        retained: addresses of deleted resources that stay as a snapshot.
    """

    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()


def of_stack(stacks: Stacks, stack: Described, pseudo: Mapping[str, str], secrets: Iterable[str]) -> Removal:
    """Return what is deleted with a stack, nested stacks included.

    Args:
        stacks: access to the environment's stacks.
        stack: the stack as described.
        pseudo: pseudo parameters such as AWS::Region.
        secrets: values that no property may show.
    """
    hidden, there = frozenset(secrets), stacks.resources(stack)
    given = {each["ParameterKey"]: each.get("ParameterValue") for each in stack.get("Parameters", ())}
    own = {**pseudo, "AWS::StackName": stack["StackName"]}
    declared = values.resources(stacks.document(stack), given, own) if there else {}
    found = Removal()
    for resource in there:
        found = _both(found, _of_resource(stacks, resource, declared.get(resource["LogicalResourceId"]), own, hidden))
    return found


def inside(
    items: Iterable[Mapping[str, Any]], stacks: Stacks, pseudo: Mapping[str, str], secrets: frozenset[str]
) -> Removal:
    """Return what is deleted with the nested stacks that a change set removes.

    Args:
        items: `Changes` of the described change set.
        stacks: access to the environment's stacks.
        pseudo: pseudo parameters such as AWS::Region.
        secrets: values that no property may show.
    """
    found = Removal()
    for body in (item["ResourceChange"] for item in items if item.get("Type") == "Resource"):
        gone = body["ResourceType"] == answers.STACK and body["Action"] == "Remove"
        if gone and not answers.is_retained(body) and (child := stacks.find(body["PhysicalResourceId"])):
            found = _both(found, _below(body["LogicalResourceId"], of_stack(stacks, child, pseudo, secrets)))
    return found


def _of_resource(
    stacks: Stacks,
    resource: Described,
    declared: values.Declared | None,
    pseudo: Mapping[str, str],
    secrets: frozenset[str],
) -> Removal:
    name, kind, id_ = resource["LogicalResourceId"], resource["ResourceType"], resource.get("PhysicalResourceId", "")
    if not id_ or resource["ResourceStatus"] == "DELETE_SKIPPED":
        # It was never made, or has been left in the account already.
        return Removal()
    policy = declared.on_deletion if declared else "Delete"
    if policy in _RETAINING:
        return Removal(kept=(f"{name} ({id_}) stays: DeletionPolicy {policy}",))
    before = answers.scrubbed(declared.properties if declared else {}, secrets)
    own = Removal((Change(name, kind, Action.DELETE, before, None),))
    if policy == "Snapshot":
        told = f"{name} ({id_}) is deleted once there is a snapshot of it: DeletionPolicy {policy}"
        return replace(own, kept=(told,), retained=(name,))
    child = stacks.find(id_) if kind == answers.STACK else None
    return _both(own, _below(name, of_stack(stacks, child, pseudo, secrets))) if child else own


def _below(name: str, found: Removal) -> Removal:
    changes = tuple(replace(change, address=f"{name}/{change.address}") for change in found.changes)
    kept, retained = (tuple(f"{name}/{each}" for each in texts) for texts in (found.kept, found.retained))
    return Removal(changes, kept, retained)


def _both(one: Removal, other: Removal) -> Removal:
    return Removal((*one.changes, *other.changes), (*one.kept, *other.kept), (*one.retained, *other.retained))
