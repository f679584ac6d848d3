"""Parse CloudFormation's answers into changes, failures and warnings. Pure: golden tests check it without AWS.

Sources: the CloudFormation API reference (Change, ResourceChange, ResourceChangeDetail, StackEvent,
StackResourceDrift) and the user guide's "Stack status codes".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks import masking
from tasks.domain import wording
from tasks.domain.plan import SINCE_IMPORT, Action, Change, StateChange
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.changes import SIGNS, listed

STACK = "AWS::CloudFormation::Stack"

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
"""States in which the stack is as its template says."""

UPDATABLE = GOOD | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
"""States in which a change set of type UPDATE can be created."""

NOT_MADE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""States after a failed create or a failed delete: the stack can only be deleted."""

NO_REASON = "CloudFormation gave no reason"
"""The reason of a failure if no event gives one."""

_ACTIONS = {"Add": Action.CREATE, "Modify": Action.UPDATE, "Remove": Action.DELETE, "Import": Action.IMPORT}
_NEW = (Action.CREATE, Action.IMPORT)
_GONE = (Action.DELETE, Action.FORGET)
_NOTES = {Action.IMPORT: "imports {id}", Action.FORGET: "{id} stays, and is no longer managed"}
_KEPT = {
    "Retain": "stays: its policy is to retain it",
    "ReplaceAndRetain": "stays: its policy is to retain it",
    "Snapshot": "is deleted once there is a snapshot of it",
    "ReplaceAndSnapshot": "is deleted once there is a snapshot of it",
}
"""PolicyAction of a ResourceChange -> what happens to a resource that is not simply deleted."""

_KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
_NO_ECHO = "****"
SHORTEST_SECRET = 4
"""Shorter texts are not masked inside of others."""


def is_no_op(described: Mapping[str, Any]) -> bool:
    """Tell whether a change set failed because nothing changes. Only its reason shows that."""
    why = str(described.get("StatusReason") or "")
    return described["Status"] == "FAILED" and ("didn't contain changes" in why or "No updates are to be" in why)


@dataclass(frozen=True)
class Context:
    """The stack's tags before and after a change set, and the secrets that must not be shown.

    CloudFormation passes the stack's tags on to every resource that takes tags: they are shown as `tags_all`.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


def changes(items: Iterable[Mapping[str, Any]], context: Context) -> tuple[Change, ...]:
    """Parse the changes of DescribeChangeSet (all pages, with property values), in CloudFormation's order."""
    masking.KNOWN.learn(context.secrets)
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(_change(body, context) for body in found)


def doubts(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Describe the resources that may be replaced. Only executing the change set shows whether they are."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(
        f"{body['LogicalResourceId']} may be replaced, because of {', '.join(_recreating(body)) or 'its properties'}"
        for body in found
        if body.get("Replacement") == "Conditional"
    )


def kept(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Describe the resources that leave the stack but stay in the account, as they are or as a snapshot."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(
        f"{body['LogicalResourceId']} ({body.get('PhysicalResourceId', '')}) {_KEPT[body['PolicyAction']]}"
        for body in found
        if is_retained(body)
    )


def retained(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the addresses of resources that leave the stack but stay in the account."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(str(body["LogicalResourceId"]) for body in found if is_retained(body))


def outputs(stack: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return the outputs of a described stack by name. Values that contain a secret are masked."""
    hidden = tuple(secrets)
    masking.KNOWN.learn(hidden)
    found = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}
    return {name: MASK if any(secret in value for secret in hidden) else value for name, value in found.items()}


def moved(items: Iterable[Mapping[str, Any]], parameters: Iterable[str]) -> frozenset[str]:
    """Return the resources that change only because the value of one of these parameters changed.

    CloudFormation evaluates a property statically because of the parameter, and dynamically because its value is not
    known before (user guide, "Change set JSON samples"). Resources that refer to such a resource change for the same
    reason.
    """
    waiting = {body["LogicalResourceId"]: body for item in items if (body := item.get("ResourceChange"))}
    causes, found = {*parameters}, set[str]()
    while fresh := {name for name, body in waiting.items() if name not in found and _is_moved(body, causes)}:
        found |= fresh
        causes |= fresh
    return frozenset(found)


def first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """Return why a change failed: the first failure among its events, oldest first. Later ones follow from it."""
    for event in failures(events):
        why = str(event.get("ResourceStatusReason") or event["ResourceStatus"])
        kind = f" ({event['ResourceType']})" if event.get("ResourceType") else ""
        return f"{event['LogicalResourceId']}{kind}: {why}"
    return NO_REASON


def failures(events: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return the events of failures, except cancellations, which follow from another failure."""
    failed = (event for event in events if event["ResourceStatus"].endswith("_FAILED"))
    return tuple(e for e in failed if "cancelled" not in str(e.get("ResourceStatusReason") or "").lower())


def drifted(items: Iterable[Mapping[str, Any]], secrets: Iterable[str]) -> tuple[Change, ...]:
    """Return the resources that drifted: `before` as the stack has them, `after` as they are."""
    hidden = tuple(secrets)
    return tuple(
        _drift(item, hidden) for item in items if item["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")
    )


def stuck(stack: Mapping[str, Any]) -> Change:
    """Return the drift of a stack that somebody left in a state in which it cannot be updated."""
    before, after = {"StackStatus": "UPDATE_COMPLETE"}, {"StackStatus": stack["StackStatus"]}
    return Change(stack["StackName"], STACK, Action.UPDATE, before, after)


def since_import(found: Iterable[Change], resources: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Note `SINCE_IMPORT` on drift of resources that were imported and not changed since: nobody caused it by hand.

    Args:
        found: the drifted resources.
        resources: the stack's resources, as ListStackResources returns them.
    """
    imported = {each["LogicalResourceId"] for each in resources if each["ResourceStatus"] == "IMPORT_COMPLETE"}
    return tuple(
        replace(each, note=SINCE_IMPORT) if each.address in imported and each.action is Action.UPDATE else each
        for each in found
    )


def not_compared(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Describe the resources that CloudFormation's drift detection does not check, or failed to check."""
    found = [item for item in items if item["StackResourceDriftStatus"] in ("NOT_CHECKED", "UNKNOWN", "UNSUPPORTED")]
    return tuple(
        f"{item['LogicalResourceId']} ({item['ResourceType']}) is not compared{f': {why}' if why else ''}"
        for item in found
        for why in [item.get("DriftStatusReason")]
    )


def text(planned: Iterable[Change], warnings: Iterable[str] = ()) -> str:
    """Format a plan: a line for each resource, followed by its differing properties; warnings come last."""
    return listed(planned, _lines, warnings)


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """Mask every secret in all strings of a value. Short strings do not count as secrets."""
    if isinstance(value, Mapping):
        return {key: scrubbed(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [scrubbed(item, secrets) for item in value]
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, MASK) if len(secret) >= SHORTEST_SECRET else value
    return MASK if value == _NO_ECHO else UNKNOWN if _KNOWN_LATER in value else value


def _change(body: Mapping[str, Any], context: Context) -> Change:
    replaced = body.get("Replacement") == "True"
    action = Action.REPLACE if replaced else _action(body)
    # Importing changes nothing: the resource gets the stack's tags with its first update.
    after_tags = {} if action is Action.IMPORT else context.after
    return Change(
        address=str(body["LogicalResourceId"]),
        kind=str(body["ResourceType"]),
        action=action,
        before=_properties(body, "Before", context.before, context.secrets) if action not in _NEW else None,
        after=_properties(body, "After", after_tags, context.secrets) if action not in _GONE else None,
        because=_recreating(body) if replaced else (),
        note=_note(body, action),
    )


def _note(body: Mapping[str, Any], action: Action) -> str:
    """Return what happens besides changes of properties and tags, such as a change of the metadata for cfn-init."""
    if action in _NOTES:
        return _NOTES[action].format(id=body.get("PhysicalResourceId", "")).rstrip()
    attributes = {str(detail.get("Target", {}).get("Attribute", "")) for detail in body.get("Details", ())}
    others = sorted(attributes - {"", "Properties", "Tags"})
    return f"changes {', '.join(others)}" if others else ""


def _action(body: Mapping[str, Any]) -> Action:
    """Return the action of a change that is not a replacement. A removed resource that is retained is forgotten."""
    forgotten = body["Action"] == "Remove" and body.get("PolicyAction") == "Retain"
    return Action.FORGET if forgotten else _ACTIONS.get(body["Action"], Action.UPDATE)


def state_changes(planned: Iterable[Change]) -> tuple[StateChange, ...]:
    """Return the changes to what the stack manages: imported resources, and those that it no longer manages."""
    return tuple(
        StateChange(change.action, change.address, identity=change.note.partition(" ")[2])
        for change in planned
        if change.action is Action.IMPORT
    ) + tuple(StateChange(change.action, change.address) for change in planned if change.action is Action.FORGET)


def _properties(
    body: Mapping[str, Any], side: str, tags: Mapping[str, str], secrets: Iterable[str]
) -> dict[str, Any]:
    """Return the properties on one side. If CloudFormation does not show all, return those whose change it shows."""
    context = body.get(f"{side}Context")
    if context:
        found = json.loads(context).get("Properties") or {}
    else:
        targets = [detail.get("Target", {}) for detail in body.get("Details", ())]
        found = {target["Name"]: target.get(f"{side}Value", UNKNOWN) for target in targets if target.get("Name")}
    told: dict[str, Any] = scrubbed(found, secrets)
    return told | ({"tags_all": dict(tags)} if tags else {})


def _recreating(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the properties because of which a resource is, or may be, replaced."""
    targets = [detail.get("Target", {}) for detail in body.get("Details", ())]
    found = [
        t.get("Name") or t.get("Attribute", "") for t in targets if t.get("RequiresRecreation", "Never") != "Never"
    ]
    return tuple(dict.fromkeys(found))


def _is_moved(body: Mapping[str, Any], causes: Collection[str]) -> bool:
    by_property: dict[str, list[Mapping[str, Any]]] = {}
    for detail in body.get("Details", ()):
        by_property.setdefault(json.dumps(detail.get("Target", {}).get("Name", "")), []).append(detail)
    return bool(by_property) and all(_is_caused(details, causes) for details in by_property.values())


def _is_caused(details: Sequence[Mapping[str, Any]], causes: Collection[str]) -> bool:
    caused = [str(detail.get("CausingEntity", "")).split(".")[0] in causes for detail in details]
    return any(caused) and all(
        known or detail.get("Evaluation") == "Dynamic" for known, detail in zip(caused, details, strict=True)
    )


def is_retained(body: Mapping[str, Any]) -> bool:
    """Tell whether a resource that leaves the stack stays in the account, as it is or as a snapshot."""
    return body.get("PolicyAction") in _KEPT


def _drift(item: Mapping[str, Any], secrets: tuple[str, ...]) -> Change:
    expected = scrubbed(json.loads(item.get("ExpectedProperties") or "{}"), secrets)
    actual = scrubbed(json.loads(item.get("ActualProperties") or "{}"), secrets)
    deleted = item["StackResourceDriftStatus"] == "DELETED"
    action = Action.DELETE if deleted else Action.UPDATE
    return Change(item["LogicalResourceId"], item["ResourceType"], action, expected, None if deleted else actual)


def _lines(change: Change) -> list[str]:
    because = f" (because of {', '.join(change.because)})" if change.because else ""
    note = f" ({change.note})" if change.note else ""
    head = f"{SIGNS[change.action]} {change.address} {change.kind}{because}{note}"
    if change.action in (*_NEW, *_GONE):
        return [head]
    before = {key: value for key, value in (change.before or {}).items() if key != "tags_all"}
    after = {key: value for key, value in (change.after or {}).items() if key != "tags_all"}
    told = Change(change.address, change.kind, change.action, before, after)
    return [head, *(f"    {line}" for line in wording.differences(told))]
