"""Detects drift of a stack: compares the declared properties of every resource with the actual ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation import schemas
from deployments.sandbox.aws_server.cloudformation.clients import Clients, is_missing
from deployments.sandbox.aws_server.cloudformation.kinds import Kind
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.stacks import Stack

_DETECTABLE = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)


@dataclass(frozen=True)
class Detection:
    """A drift detection, with its results as DescribeStackResourceDrifts returns them.

    As on AWS, there is no result for a resource whose type is not checked, nor for one that could not be read.

    Attributes:
        failed: logical ids of the resources that the caller may not read.
    """

    stack: Stack
    at: datetime
    resources: tuple[dict[str, Any], ...]
    failed: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: str(uuid4()))

    def described(self) -> dict[str, Any]:
        """Return the detection as DescribeStackDriftDetectionStatus returns it."""
        drifted = [item for item in self.resources if item["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")]
        return {
            "StackId": self.stack.id,
            "StackDriftDetectionId": self.id,
            "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
            "DetectionStatus": "DETECTION_FAILED" if self.failed else "DETECTION_COMPLETE",
            "DetectionStatusReason": self._reason or None,
            "DriftedStackResourceCount": len(drifted),
            "Timestamp": self.at,
        }

    @property
    def _reason(self) -> str:
        return f"Failed to detect drift on resource [{', '.join(self.failed)}]" if self.failed else ""


def detect(stack: Stack, aws: Clients) -> Detection:
    """Read every resource with the caller's rights, and compare it.

    Raises:
        ValidationError: AWS detects no drift in the state that the stack is in.
    """
    if stack.status not in _DETECTABLE:
        told = f"Stack [{stack.id}] is in {stack.status} state and its drift can not be detected"
        raise ValidationError(message=told)
    begun = datetime.now(UTC)
    found: list[dict[str, Any]] = []
    failed: list[str] = []
    for resource in (each for each in stack.resources.values() if KINDS[each.kind].checked):
        try:
            found.append(_compared(stack, resource, aws))
        except ClientError:
            failed.append(resource.logical_id)
    return Detection(stack, begun, tuple(found), tuple(failed))


def _compared(stack: Stack, resource: Resource, aws: Clients) -> dict[str, Any]:
    told = {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.made.id,
        "ResourceType": resource.kind,
        "Timestamp": datetime.now(UTC),
    }
    found = _read(KINDS[resource.kind], resource, aws)
    if found is None:
        return told | {"StackResourceDriftStatus": "DELETED", "ExpectedProperties": json.dumps(resource.properties)}
    actual = {**resource.properties, **found}
    # CloudFormation does not detect drift of properties with dynamic references.
    actual |= {key: value for key, value in resource.properties.items() if "{{resolve:" in json.dumps(value)}
    differing = list(
        _differences("", *(schemas.typed(resource.kind, aws.region, each) for each in (resource.properties, actual)))
    )
    return told | {
        "StackResourceDriftStatus": "MODIFIED" if differing else "IN_SYNC",
        "ExpectedProperties": json.dumps(resource.properties),
        "ActualProperties": json.dumps(actual),
        "PropertyDifferences": differing,
    }


def _read(kind: Kind, resource: Resource, aws: Clients) -> Mapping[str, Any] | None:
    """Return the actual properties; None if the resource, or what it is part of, does not exist."""
    try:
        return kind.read(aws, resource.made, resource.properties)
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def _differences(path: str, expected: Any, actual: Any) -> Iterator[dict[str, str]]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in {**expected, **actual}:
            yield from _differences(f"{path}/{key}", expected.get(key), actual.get(key))
    elif not _is_same(expected, actual):
        kind = "ADD" if expected is None else "REMOVE" if actual is None else "NOT_EQUAL"
        yield {
            "PropertyPath": path,
            "ExpectedValue": json.dumps(expected),
            "ActualValue": json.dumps(actual),
            "DifferenceType": kind,
        }


def _is_same(expected: Any, actual: Any) -> bool:
    """Tell whether two values are the same. Templates write numbers as text, and services return other types."""
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_is_same, expected, actual))
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(_is_same(expected[key], actual[key]) for key in expected)
    if _is_number(expected) == _is_number(actual):
        return bool(expected == actual)
    try:
        return float(expected) == float(actual)
    except (TypeError, ValueError):
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
