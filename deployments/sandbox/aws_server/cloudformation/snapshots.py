"""Takes a final snapshot of resources with the policy Snapshot. They are deleted only after it has been taken.

Source: the user guide, "DeletionPolicy attribute".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import generated

Take = Callable[[Clients, str, str], object]
"""Takes a snapshot, given clients, the id of the resource and the name of the snapshot."""


def take(aws: Clients, kind: str, id: str, stack: str, logical_id: str) -> None:
    """Take the final snapshot of a resource."""
    _TAKERS[kind](aws, id, generated(stack, f"snapshot-{logical_id}").lower())


def _volume(aws: Clients, id: str, name: str) -> object:
    return aws("ec2").create_snapshot(VolumeId=id, Description=name)


def _instance(aws: Clients, id: str, name: str) -> object:
    return aws("rds").create_db_snapshot(DBInstanceIdentifier=id, DBSnapshotIdentifier=name)


def _cluster(aws: Clients, id: str, name: str) -> object:
    return aws("rds").create_db_cluster_snapshot(DBClusterIdentifier=id, DBClusterSnapshotIdentifier=name)


_TAKERS: Mapping[str, Take] = {
    "AWS::EC2::Volume": _volume,
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
}
EMULATED = frozenset(_TAKERS)
"""The types for which snapshots are emulated."""
