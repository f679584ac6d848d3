"""What a drift detection found out about each resource, and what a template leaves to CloudFormation's defaults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.engines.cloudformation import answers, detection, documents, values

BEGUN = datetime(2026, 11, 27, 10, tzinfo=UTC)
DONE = {"DetectionStatus": "DETECTION_COMPLETE", "Timestamp": BEGUN}
FAILED = {
    "DetectionStatus": "DETECTION_FAILED",
    "DetectionStatusReason": "Failed to detect drift on resource [B]",
    "Timestamp": BEGUN,
}


def resource(name: str, status: str = "CREATE_COMPLETE", id: str = "id") -> dict[str, str]:
    return {"LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status, "PhysicalResourceId": id}


def result(name: str, seconds: int, status: str = "IN_SYNC") -> dict[str, Any]:
    return {
        "LogicalResourceId": name,
        "ResourceType": "T",
        "StackResourceDriftStatus": status,
        "Timestamp": BEGUN + timedelta(seconds=seconds),
    }


THERE = [resource("A"), resource("B"), resource("C")]


@pytest.mark.parametrize(
    ("results", "ended", "told"),
    [
        ([result("A", 1), result("B", 1)], DONE, ("C (T) is not compared",)),
        (
            [result("A", 1), result("B", -60), result("C", 2)],
            FAILED,
            ("B (T) is not compared: Failed to detect drift on resource [B]",),
        ),
        ([result("A", 1, "UNKNOWN"), result("B", 1), result("C", 1)], DONE, ("A (T) is not compared",)),
        ([result("A", 1), result("B", 1), result("C", 1), result("Gone", -9)], DONE, ()),
    ],
)
def test_a_resource_without_a_result_of_this_detection_is_not_compared(
    results: list[Any], ended: Any, told: tuple[str, ...]
) -> None:
    assert answers.not_compared(detection.completed(results, THERE, ended)) == told


def test_a_resource_that_was_never_made_or_was_left_behind_is_none_of_the_stack() -> None:
    there = [resource("A", "CREATE_FAILED", ""), resource("B", "DELETE_SKIPPED")]
    assert detection.completed([], there, DONE) == []


DATABASES = """
Resources:
  Cluster: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-mysql}}
  Member: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster}}
  Single: {Type: AWS::RDS::DBInstance, Properties: {Engine: mysql}}
  Dropped: {Type: AWS::RDS::DBInstance, DeletionPolicy: Delete, Properties: {Engine: mysql}}
  Orders: {Type: AWS::SQS::Queue, DeletionPolicy: !GetAtt Cluster.Port}
"""


def test_databases_without_a_policy_are_deleted_after_a_snapshot() -> None:
    found = values.resources(documents.document_of(DATABASES), {}, {})
    assert {name: each.on_deletion for name, each in found.items()} == {
        "Cluster": "Snapshot",
        "Member": "Delete",
        "Single": "Snapshot",
        "Dropped": "Delete",
        "Orders": values.UNKNOWN,
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", ("aws", "amazonaws.com")),
        ("us-gov-west-1", ("aws-us-gov", "amazonaws.com")),
        ("cn-north-1", ("aws-cn", "amazonaws.com.cn")),
    ],
)
def test_a_region_is_in_a_partition(region: str, partition: tuple[str, str]) -> None:
    assert values.partition_of(region) == partition
