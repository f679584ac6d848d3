"""What CloudFormation answers, parsed into the product's words. Pure: golden tests hold it without running anything.

Sources: the CloudFormation API reference (Change, ResourceChange, ResourceChangeDetail, StackEvent,
StackResourceDrift) and the user guide's "Stack status codes".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.domain import wording
from tasks.domain.plan import Action, Change, Reversibility
from tasks.domain.values import MASK, UNKNOWN
from tasks.engines.changes import SIGNS, listed

STACK = "AWS::CloudFormation::Stack"

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
"""The stack is what its template says."""

UPDATABLE = GOOD | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
"""A change set of type UPDATE can be made."""

NOT_MADE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""Left by a create that failed, or a delete that did: nothing but deleting is possible."""

_ACTIONS = {"Add": Action.CREATE, "Modify": Action.UPDATE, "Remove": Action.DELETE}
_KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
_NO_ECHO = "****"
_SHORTEST_SECRET = 4

_HOLDS_DATA = (
    *("AWS::Backup::BackupVault", "AWS::Cognito::UserPool", "AWS::DynamoDB::", "AWS::EC2::Volume", "AWS::ECR::"),
    *("AWS::EFS::FileSystem", "AWS::Events::Archive", "AWS::FSx::", "AWS::KMS::Key", "AWS::Kinesis::Stream"),
    *("AWS::Logs::LogGroup", "AWS::OpenSearchService::Domain", "AWS::RDS::", "AWS::S3::Bucket", "AWS::SQS::Queue"),
    *("AWS::SSM::Parameter", "AWS::SecretsManager::Secret"),
)
"""Beginnings of the types with which data go that an earlier template does not bring back."""


def is_no_op(described: Mapping[str, Any]) -> bool:
    """Whether a change set failed because there is nothing to change; its reason is all that tells."""
    why = str(described.get("StatusReason") or "")
    return described["Status"] == "FAILED" and ("didn't contain changes" in why or "No updates are to be" in why)


@dataclass(frozen=True)
class Around:
    """What the changes of a change set are told with: the stack's tags before and after, and what must not be shown.

    CloudFormation hands the stack's tags on to every resource that takes tags: they are told as `tags_all`.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


def changes(items: Iterable[Mapping[str, Any]], around: Around) -> tuple[Change, ...]:
    """The changes of DescribeChangeSet (`Changes`, all pages, with property values), in CloudFormation's order."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(_change(body, around) for body in found)


def doubts(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What may come to a replacement, and only executing will tell."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(
        f"{body['LogicalResourceId']} may be replaced, because of {', '.join(_recreating(body)) or 'its properties'}"
        for body in found
        if body.get("Replacement") == "Conditional"
    )


def kept(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What stays in the account although it leaves the stack."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(
        f"{body['LogicalResourceId']} ({body.get('PhysicalResourceId', '')}) stays: its policy is to retain it"
        for body in found
        if _is_retained(body)
    )


def reversibility(
    planned: Iterable[Change], protected: bool, *, in_doubt: bool = False, retained: Iterable[str] = ()
) -> Reversibility:
    """Losing what holds data, or anything of a protected unit, cannot be undone; other losses need care."""
    lost = [change for change in planned if change.action in (Action.DELETE, Action.REPLACE)]
    gone = [change for change in lost if change.address not in {*retained}]
    if any(protected or change.kind.startswith(_HOLDS_DATA) for change in gone):
        return Reversibility.IRREVERSIBLE
    return Reversibility.NEEDS_CARE if lost or in_doubt else Reversibility.REVERSIBLE


def retained(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Addresses of what stays in the account although it leaves the stack."""
    found = [item["ResourceChange"] for item in items if item.get("Type") == "Resource"]
    return tuple(str(body["LogicalResourceId"]) for body in found if _is_retained(body))


def outputs(stack: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """{name: value} of a described stack; what holds a secret parameter is masked."""
    hidden = tuple(secrets)
    found = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}
    return {name: MASK if any(secret in value for secret in hidden) else value for name, value in found.items()}


def first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """Why a change failed: of its events, oldest first, the first that says so; later ones follow from it."""
    for event in events:
        why = str(event.get("ResourceStatusReason") or "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in why.lower():
            kind = f" ({event['ResourceType']})" if event.get("ResourceType") else ""
            return f"{event['LogicalResourceId']}{kind}: {why or event['ResourceStatus']}"
    return "CloudFormation gave no reason"


def drifted(items: Iterable[Mapping[str, Any]], secrets: Iterable[str]) -> tuple[Change, ...]:
    """Resources that somebody changed or deleted: `before` as the stack has them, `after` as they are."""
    hidden = tuple(secrets)
    return tuple(
        _drift(item, hidden) for item in items if item["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")
    )


def not_compared(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The resources that CloudFormation's drift detection does not look at, in words."""
    found = [item for item in items if item["StackResourceDriftStatus"] in ("NOT_CHECKED", "UNKNOWN", "UNSUPPORTED")]
    return tuple(f"{item['LogicalResourceId']} ({item['ResourceType']}) is not compared" for item in found)


def text(planned: Iterable[Change], warnings: Iterable[str] = ()) -> str:
    """A line for each resource, then its properties that differ; warnings last."""
    return listed(planned, _lines, warnings)


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """`value` with the mask in place of every secret, in all texts inside; short texts are no secrets."""
    if isinstance(value, Mapping):
        return {key: scrubbed(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [scrubbed(item, secrets) for item in value]
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, MASK) if len(secret) >= _SHORTEST_SECRET else value
    return MASK if value == _NO_ECHO else UNKNOWN if _KNOWN_LATER in value else value


def _change(body: Mapping[str, Any], around: Around) -> Change:
    replaced = body.get("Replacement") == "True"
    action = Action.REPLACE if replaced else _ACTIONS.get(body["Action"], Action.UPDATE)
    return Change(
        address=str(body["LogicalResourceId"]),
        kind=str(body["ResourceType"]),
        action=action,
        before=_properties(body, "Before", around.before, around.secrets) if action is not Action.CREATE else None,
        after=_properties(body, "After", around.after, around.secrets) if action is not Action.DELETE else None,
        because=_recreating(body) if replaced else (),
    )


def _properties(
    body: Mapping[str, Any], side: str, tags: Mapping[str, str], secrets: Iterable[str]
) -> dict[str, Any]:
    """The properties on one side; where CloudFormation does not tell them all, those whose change it tells."""
    context = body.get(f"{side}Context")
    if context:
        found = json.loads(context).get("Properties") or {}
    else:
        targets = [detail.get("Target", {}) for detail in body.get("Details", ())]
        found = {target["Name"]: target.get(f"{side}Value", UNKNOWN) for target in targets if target.get("Name")}
    told: dict[str, Any] = scrubbed(found, secrets)
    return told | ({"tags_all": dict(tags)} if tags else {})


def _recreating(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The properties because of which a resource is, or may be, made anew."""
    targets = [detail.get("Target", {}) for detail in body.get("Details", ())]
    found = [
        t.get("Name") or t.get("Attribute", "") for t in targets if t.get("RequiresRecreation", "Never") != "Never"
    ]
    return tuple(dict.fromkeys(found))


def _is_retained(body: Mapping[str, Any]) -> bool:
    return body.get("PolicyAction") in ("Retain", "ReplaceAndRetain", "Snapshot", "ReplaceAndSnapshot")


def _drift(item: Mapping[str, Any], secrets: tuple[str, ...]) -> Change:
    expected = scrubbed(json.loads(item.get("ExpectedProperties") or "{}"), secrets)
    actual = scrubbed(json.loads(item.get("ActualProperties") or "{}"), secrets)
    deleted = item["StackResourceDriftStatus"] == "DELETED"
    action = Action.DELETE if deleted else Action.UPDATE
    return Change(item["LogicalResourceId"], item["ResourceType"], action, expected, None if deleted else actual)


def _lines(change: Change) -> list[str]:
    because = f" (because of {', '.join(change.because)})" if change.because else ""
    head = f"{SIGNS[change.action]} {change.address} {change.kind}{because}"
    if change.action in (Action.CREATE, Action.DELETE):
        return [head]
    before = {key: value for key, value in (change.before or {}).items() if key != "tags_all"}
    after = {key: value for key, value in (change.after or {}).items() if key != "tags_all"}
    told = Change(change.address, change.kind, change.action, before, after)
    return [head, *(f"    {line}" for line in wording.differences(told))]
