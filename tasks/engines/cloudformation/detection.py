"""Tell what a drift detection found out about every resource of a stack. Pure.

DescribeStackResourceDrifts leaves out resources that were not checked, and returns results of earlier detections for
those that this one failed to check. A resource without a result of this detection counts as NOT_CHECKED.

Sources: the CloudFormation API reference (DescribeStackResourceDrifts, DetectionStatus of
DescribeStackDriftDetectionStatus) and the user guide, "Detect drift on an entire CloudFormation stack".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Described = Mapping[str, Any]

DETECTABLE = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)
"""States of a stack in which CloudFormation detects drift."""


def completed(found: Iterable[Described], resources: Iterable[Described], ended: Described) -> list[Described]:
    """Return one result for each resource.

    Args:
        found: what DescribeStackResourceDrifts returned.
        resources: the stack's present resources.
        ended: the detection, as DescribeStackDriftDetectionStatus returned it at its end.
    """
    by_name = {each["LogicalResourceId"]: each for each in found if _is_of(each, ended)}
    why = str(ended.get("DetectionStatusReason") or "")
    return [by_name.get(each["LogicalResourceId"]) or _not_checked(each, why) for each in resources if _is_made(each)]


def deleted(resource: Described) -> Described:
    """Return the result for a resource that is known to be gone."""
    return {**_not_checked(resource, ""), "StackResourceDriftStatus": "DELETED"}


def _is_of(result: Described, ended: Described) -> bool:
    """Tell whether a result is of this detection. Only a failed detection leaves earlier results as they are."""
    return ended["DetectionStatus"] != "DETECTION_FAILED" or bool(result["Timestamp"] >= ended["Timestamp"])


def _is_made(resource: Described) -> bool:
    return bool(resource.get("PhysicalResourceId")) and resource["ResourceStatus"] != "DELETE_SKIPPED"


def _not_checked(resource: Described, why: str) -> Described:
    return {
        "LogicalResourceId": resource["LogicalResourceId"],
        "ResourceType": resource["ResourceType"],
        "StackResourceDriftStatus": "NOT_CHECKED",
        "DriftStatusReason": why,
    }
