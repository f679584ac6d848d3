"""Present the contents of nested stacks as part of the unit's own stack. Pure.

A resource of a nested stack is addressed by its path: `Database/Orders` is Orders in the nested stack Database.

Sources: the CloudFormation API reference (`IncludeNestedStacks` of CreateChangeSet, `ChangeSetId` of ResourceChange)
and the user guide, "Change sets for nested stacks": a nested stack is listed as modified although nothing in it
changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tasks.engines.cloudformation import answers
from tasks.engines.cloudformation.answers import STACK

Described = Mapping[str, Any]

_FAILED_INSIDE = re.compile(r"Nested change set (arn:\S+:changeSet/\S+) was not successfully created")


def has_nested(document: Mapping[str, Any]) -> bool:
    """Tell whether a template may have nested stacks: it declares one, or a macro may add one."""
    resources = document["Resources"]
    bodies = (body for body in resources.values() if isinstance(body, Mapping))
    return (
        "Transform" in document or "Fn::Transform" in resources or any(body.get("Type") == STACK for body in bodies)
    )


def flattened(changes: Iterable[Described], describe: Callable[[str], Described]) -> list[Described]:
    """Return the changes of a change set, each nested stack followed by the changes inside it.

    Args:
        changes: `Changes` of DescribeChangeSet.
        describe: returns a nested change set by its id, with all its own changes.
    """
    found: list[Described] = []
    for change in changes:
        body = change.get("ResourceChange", {})
        child = describe(body["ChangeSetId"]) if body.get("ChangeSetId") else None
        inside = [_below(body["LogicalResourceId"], each) for each in child["Changes"]] if child else []
        if child is None or inside or not _is_automatic(body):
            found.append(change)
        found += inside
    return found


def failed_change_set(reason: str) -> str | None:
    """Return the id of the nested change set that made this one fail; None if the status reason names none."""
    found = _FAILED_INSIDE.search(reason)
    return found[1] if found else None


def first_failure(stack_id: str, events: Callable[[str], Sequence[Described]]) -> str:
    """Return why a change failed: the first failure's reason; for a nested stack, that of the resource in it.

    Args:
        stack_id: the unit's stack.
        events: returns the events of a stack since the change began, oldest first.
    """
    failed = answers.failures(events(stack_id))
    first: Described = failed[0] if failed else {}
    child = str(first.get("PhysicalResourceId") or "") if first.get("ResourceType") == STACK else ""
    if child not in ("", stack_id) and answers.failures(events(child)):
        return f"{first['LogicalResourceId']}/{first_failure(child, events)}"
    return answers.first_failure(failed)


def below(name: str, resources: Iterable[Described]) -> list[Described]:
    """Return the resources of a nested stack, addressed by their path."""
    return [{**each, "LogicalResourceId": f"{name}/{each['LogicalResourceId']}"} for each in resources]


def _below(name: str, change: Described) -> Described:
    if "ResourceChange" not in change:
        return change
    (body,) = below(name, [change["ResourceChange"]])
    details = [
        {**each, "CausingEntity": f"{name}/{each['CausingEntity']}"} if each.get("CausingEntity") else each
        for each in body.get("Details", ())
    ]
    return {**change, "ResourceChange": {**body, **({"Details": details} if details else {})}}


def _is_automatic(body: Described) -> bool:
    """Tell whether a nested stack is listed only because CloudFormation always lists it."""
    sources = [detail.get("ChangeSource") for detail in body.get("Details", ())]
    return body.get("Action") == "Modify" and all(source == "Automatic" for source in sources)
