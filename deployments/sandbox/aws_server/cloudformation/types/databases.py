"""Databases and caches: RDS, Neptune, DynamoDB, ElastiCache."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Made, Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_ENGINE = {"Engine": {"Engine": "{Engine:lower}"}}
"""RDS requires the name of an engine in lower case; CloudFormation accepts any case."""


def _tagging(arn: str) -> Call:
    return Call("add_tags_to_resource", {"ResourceName": f"{{{arn}}}", "Tags": "{tags}"})


class Instance(ServiceKind):
    """A database instance, which may be the replica of another one."""

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make the instance; a replica is made by another call."""
        if "SourceDBInstanceIdentifier" not in p:
            return super().create(aws, name, p)
        making = Call("create_db_instance_read_replica", found="DBInstance")
        return ServiceKind.create(replace(self, making=making), aws, name, p)


def _instance(given: dict[str, str], gives: dict[str, str]) -> ServiceKind:
    return Instance(
        service="rds",
        making=Call("create_db_instance", given, found="DBInstance", when=_ENGINE),
        id="DBInstanceIdentifier",
        reading=Call("describe_db_instances", {"DBInstanceIdentifier": "{id}"}, found="DBInstances[0]"),
        changing=(Call("modify_db_instance", {"DBInstanceIdentifier": "{id}", "ApplyImmediately": True}),),
        dropping=Call("delete_db_instance", {"DBInstanceIdentifier": "{id}", "SkipFinalSnapshot": True}),
        gives=gives,
        named=("DBInstanceIdentifier", 63),
        lowered=True,
        names={"VPCSecurityGroups": "VpcSecurityGroupIds"},
        tagging=_tagging("DBInstanceArn"),
    )


def _cluster(given: dict[str, str], gives: dict[str, str]) -> ServiceKind:
    return ServiceKind(
        service="rds",
        making=Call("create_db_cluster", given, found="DBCluster", when=_ENGINE),
        id="DBClusterIdentifier",
        reading=Call("describe_db_clusters", {"DBClusterIdentifier": "{id}"}, found="DBClusters[0]"),
        changing=(Call("modify_db_cluster", {"DBClusterIdentifier": "{id}", "ApplyImmediately": True}),),
        dropping=Call("delete_db_cluster", {"DBClusterIdentifier": "{id}", "SkipFinalSnapshot": True}),
        gives=gives,
        named=("DBClusterIdentifier", 63),
        lowered=True,
        names={"DBPort": "Port", "IamAuthEnabled": "EnableIAMDatabaseAuthentication"},
        tagging=_tagging("DBClusterArn"),
    )


def _parameters(of: str, name: str) -> ServiceKind:
    """Return the type of a parameter group, for instances (`db`) or clusters (`db_cluster`)."""
    word = "".join({"db": "DB"}.get(part, part.title()) for part in of.split("_"))
    key = f"{word}ParameterGroupName"
    return ServiceKind(
        service="rds",
        making=Call(f"create_{of}_parameter_group", found=f"{word}ParameterGroup"),
        id=key,
        reading=Call(f"describe_{of}_parameter_groups", {key: "{id}"}, found=f"{word}ParameterGroups[0]"),
        changing=(
            Call(
                f"modify_{of}_parameter_group",
                {key: "{id}", "Parameters": "{Parameters:settings}"},
                of=("Parameters",),
            ),
        ),
        dropping=Call(f"delete_{of}_parameter_group", {key: "{id}"}),
        gives={name: key},
        named=(name, 255),
        lowered=True,
        names={"Family": "DBParameterGroupFamily", name: key},
        tagging=_tagging(f"{word}ParameterGroupArn"),
    )


_SUBNETS = ServiceKind(
    service="rds",
    making=Call("create_db_subnet_group", found="DBSubnetGroup"),
    id="DBSubnetGroupName",
    reading=Call("describe_db_subnet_groups", {"DBSubnetGroupName": "{id}"}, found="DBSubnetGroups[0]"),
    changing=(Call("modify_db_subnet_group", {"DBSubnetGroupName": "{id}"}),),
    dropping=Call("delete_db_subnet_group", {"DBSubnetGroupName": "{id}"}),
    named=("DBSubnetGroupName", 255),
    lowered=True,
    tagging=_tagging("DBSubnetGroupArn"),
)

TYPES: dict[str, Any] = {
    "AWS::DynamoDB::Table": ServiceKind(
        service="dynamodb",
        making=Call("create_table", found="TableDescription"),
        id="TableName",
        reading=Call("describe_table", {"TableName": "{id}"}, found="Table"),
        changing=(
            Call("update_continuous_backups", {"TableName": "{id}"}),
            Call("update_time_to_live", {"TableName": "{id}"}),
            Call(
                "update_table",
                {"TableName": "{id}"},
                of=("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "StreamSpecification"),
            ),
        ),
        dropping=Call("delete_table", {"TableName": "{id}"}),
        gives={"Arn": "TableArn", "StreamArn": "LatestStreamArn"},
        named=("TableName", 255),
        tagging=Call("tag_resource", {"ResourceArn": "{TableArn}", "Tags": "{tags}"}),
        unset={
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
            "DeletionProtectionEnabled": False,
        },
    ),
    "AWS::RDS::DBInstance": replace(
        _instance(
            {},
            {
                "Endpoint.Address": "Endpoint.Address",
                "Endpoint.Port": "to_string(Endpoint.Port)",
                "DBInstanceArn": "DBInstanceArn",
                "DbiResourceId": "DbiResourceId",
            },
        ),
        ignored=frozenset({"SourceDBInstanceIdentifier"}),
    ),
    "AWS::RDS::DBCluster": _cluster(
        {},
        {
            "Endpoint.Address": "Endpoint",
            "Endpoint.Port": "to_string(Port)",
            "ReadEndpoint.Address": "ReaderEndpoint",
            "DBClusterArn": "DBClusterArn",
            "DBClusterResourceId": "DbClusterResourceId",
        },
    ),
    "AWS::RDS::DBSubnetGroup": _SUBNETS,
    "AWS::RDS::DBParameterGroup": _parameters("db", "DBParameterGroupName"),
    "AWS::RDS::DBClusterParameterGroup": _parameters("db_cluster", "DBClusterParameterGroupName"),
    "AWS::Neptune::DBInstance": _instance(
        {"Engine": "neptune"}, {"Endpoint": "Endpoint.Address", "Port": "to_string(Endpoint.Port)"}
    ),
    "AWS::Neptune::DBCluster": _cluster(
        {"Engine": "neptune"},
        {
            "Endpoint": "Endpoint",
            "ReadEndpoint": "ReaderEndpoint",
            "Port": "to_string(Port)",
            "ClusterResourceId": "DbClusterResourceId",
        },
    ),
    "AWS::Neptune::DBSubnetGroup": _SUBNETS,
    "AWS::Neptune::DBParameterGroup": _parameters("db", "Name"),
    "AWS::Neptune::DBClusterParameterGroup": _parameters("db_cluster", "Name"),
    "AWS::ElastiCache::ReplicationGroup": ServiceKind(
        service="elasticache",
        making=Call("create_replication_group", found="ReplicationGroup"),
        id="ReplicationGroupId",
        reading=Call("describe_replication_groups", {"ReplicationGroupId": "{id}"}, found="ReplicationGroups[0]"),
        changing=(Call("modify_replication_group", {"ReplicationGroupId": "{id}", "ApplyImmediately": True}),),
        dropping=Call("delete_replication_group", {"ReplicationGroupId": "{id}"}),
        gives={
            "PrimaryEndPoint.Address": "NodeGroups[0].PrimaryEndpoint.Address",
            "PrimaryEndPoint.Port": "to_string(NodeGroups[0].PrimaryEndpoint.Port)",
        },
        named=("ReplicationGroupId", 40),
        lowered=True,
        tagging=_tagging("ARN"),
    ),
}
