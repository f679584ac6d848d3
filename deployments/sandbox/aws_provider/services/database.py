"""RDS database instances."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import NotEmulated, Resource
from deployments.sandbox.aws_provider.services.ec2 import given, wait_until
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.services.rds import Rds
from deployments.sandbox.aws_provider.tags import as_pairs
from deployments.sandbox.aws_provider.values import Values

# {argument: its name in the API}, for arguments that can be changed and for those that are set only once.
_CHANGEABLE = {
    "allocated_storage": "AllocatedStorage",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "backup_retention_period": "BackupRetentionPeriod",
    "backup_window": "PreferredBackupWindow",
    "ca_cert_identifier": "CACertificateIdentifier",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "deletion_protection": "DeletionProtection",
    "engine_version": "EngineVersion",
    "iam_database_authentication_enabled": "EnableIAMDatabaseAuthentication",
    "instance_class": "DBInstanceClass",
    "iops": "Iops",
    "maintenance_window": "PreferredMaintenanceWindow",
    "manage_master_user_password": "ManageMasterUserPassword",
    "master_user_secret_kms_key_id": "MasterUserSecretKmsKeyId",
    "max_allocated_storage": "MaxAllocatedStorage",
    "monitoring_interval": "MonitoringInterval",
    "monitoring_role_arn": "MonitoringRoleArn",
    "multi_az": "MultiAZ",
    "option_group_name": "OptionGroupName",
    "parameter_group_name": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performance_insights_enabled": "EnablePerformanceInsights",
    "performance_insights_kms_key_id": "PerformanceInsightsKMSKeyId",
    "performance_insights_retention_period": "PerformanceInsightsRetentionPeriod",
    "publicly_accessible": "PubliclyAccessible",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
    "vpc_security_group_ids": "VpcSecurityGroupIds",
}
_FIXED = {
    "availability_zone": "AvailabilityZone",
    "db_name": "DBName",
    "db_subnet_group_name": "DBSubnetGroupName",
    "engine": "Engine",
    "kms_key_id": "KmsKeyId",
    "license_model": "LicenseModel",
    "network_type": "NetworkType",
    "port": "Port",
    "storage_encrypted": "StorageEncrypted",
    "username": "MasterUsername",
}
# {argument: its name in responses}: first those with the same name as in requests, then those with another name.
_ANSWERED_ALIKE = (
    "allocated_storage", "auto_minor_version_upgrade", "availability_zone", "backup_retention_period",
    "backup_window", "copy_tags_to_snapshot", "db_name", "deletion_protection", "engine", "instance_class", "iops",
    "kms_key_id", "license_model", "maintenance_window", "multi_az", "network_type", "publicly_accessible",
    "storage_encrypted", "storage_type", "username",
)  # fmt: skip
_ANSWERED = {name: (_CHANGEABLE | _FIXED)[name] for name in _ANSWERED_ALIKE} | {
    "iam_database_authentication_enabled": "IAMDatabaseAuthenticationEnabled",
    "resource_id": "DbiResourceId",
    "status": "DBInstanceStatus",
}
_SECRET = "list(object(kms_key_id=string,secret_arn=string,secret_status=string))"  # noqa: S105


class Instance(Rds):
    """aws_db_instance.

    With `manage_master_user_password`, moto creates the secret in Secrets Manager, as RDS does. Attributes that moto
    does not return (storage throughput, performance insights) keep the values that were applied.
    """

    type = "aws_db_instance"
    label = "RDS DB Instance"
    gone = ("DBInstanceNotFound", "DBInstanceNotFoundFault")
    args = frozen(
        {
            **emulated(
                "allocated_storage",
                "allow_major_version_upgrade",
                "apply_immediately",
                "auto_minor_version_upgrade",
                "availability_zone",
                "backup_retention_period",
                "backup_window",
                "ca_cert_identifier",
                "copy_tags_to_snapshot",
                "db_name",
                "db_subnet_group_name",
                "delete_automated_backups",
                "deletion_protection",
                "enabled_cloudwatch_logs_exports",
                "engine",
                "engine_version",
                "final_snapshot_identifier",
                "iam_database_authentication_enabled",
                "identifier",
                "identifier_prefix",
                "instance_class",
                "iops",
                "kms_key_id",
                "license_model",
                "maintenance_window",
                "manage_master_user_password",
                "master_user_secret_kms_key_id",
                "max_allocated_storage",
                "monitoring_interval",
                "monitoring_role_arn",
                "multi_az",
                "network_type",
                "option_group_name",
                "parameter_group_name",
                "password",
                "performance_insights_enabled",
                "performance_insights_kms_key_id",
                "performance_insights_retention_period",
                "port",
                "publicly_accessible",
                "skip_final_snapshot",
                "storage_encrypted",
                "storage_throughput",
                "storage_type",
                "username",
            ),
            "vpc_security_group_ids": Arg(empty_is_unset=True),
        }
    )
    reads = frozen(
        {
            "listener_endpoint": "list(object(address=string,hosted_zone_id=string,port=number))",
            "master_user_secret": _SECRET,
            "replicas": "list(string)",
        }
    )
    follows = frozen(
        {
            "engine_version": ("engine_version_actual",),
            "manage_master_user_password": ("master_user_secret", "master_user_secret_kms_key_id"),
            "master_user_secret_kms_key_id": ("master_user_secret",),
            "storage_type": ("iops", "storage_throughput"),
            # moto gives all instances the same resource id, so the id here is the name and changes with it.
            "identifier": ("id", "arn", "address", "endpoint"),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        named = {**new, "name": new["identifier"], "name_prefix": new["identifier_prefix"]}
        answer = place.client("rds").create_db_instance(
            DBInstanceIdentifier=name_for(named),
            **_asked(new, _CHANGEABLE | _FIXED),
            **given(
                EnableCloudwatchLogsExports=new["enabled_cloudwatch_logs_exports"], Tags=as_pairs(new["tags_all"])
            ),
        )
        return str(answer["DBInstance"]["DBInstanceIdentifier"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        wait_until(lambda: self._settled_down(place, new["id"]), f"DB instance {new['id']} is available", 300)

    def _settled_down(self, place: Place, identity: str) -> bool:
        found = self._find(place, identity)
        kept = found.get("MasterUserSecret", {}).get("SecretStatus", "active")
        return bool(found["DBInstanceStatus"] == "available" and kept == "active")

    def _find(self, place: Place, identity: str) -> Any:
        return place.client("rds").describe_db_instances(DBInstanceIdentifier=identity)["DBInstances"][0]

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values | None:
        wanted = _asked({name: new[name] for name in changed & _CHANGEABLE.keys()}, _CHANGEABLE)
        if "enabled_cloudwatch_logs_exports" in changed:
            wanted["CloudwatchLogsExportConfiguration"] = _exports(state, new)
        name = new["identifier"] or state["id"]
        if name != state["id"]:
            wanted["NewDBInstanceIdentifier"] = name
        if wanted:
            place.client("rds").modify_db_instance(
                DBInstanceIdentifier=state["id"],
                # Apply changes at once, because a sandbox has no maintenance windows.
                ApplyImmediately=True,
                AllowMajorVersionUpgrade=bool(new["allow_major_version_upgrade"]),
                **wanted,
            )
            self.complete(place, {**new, "id": name})
        return {"id": name}

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = self._find(place, state["id"])
        return {name: found[api] for name, api in _ANSWERED.items() if api in found} | self._more(place, state, found)

    def _more(self, place: Place, state: Values, found: Any) -> Values:
        endpoint, secret = found.get("Endpoint") or {}, found.get("MasterUserSecret")
        return {
            "arn": found["DBInstanceArn"],
            "identifier": found["DBInstanceIdentifier"],
            "address": endpoint.get("Address"),
            "port": endpoint.get("Port"),
            "endpoint": f"{endpoint.get('Address')}:{endpoint.get('Port')}",
            "hosted_zone_id": endpoint.get("HostedZoneId"),
            "engine_version": _engine_version(state["engine_version"], found["EngineVersion"]),
            "engine_version_actual": found["EngineVersion"],
            "db_subnet_group_name": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "enabled_cloudwatch_logs_exports": found.get("EnabledCloudwatchLogsExports") or [],
            "manage_master_user_password": secret is not None,
            "master_user_secret": [_secret(secret)] if secret else [],
            "listener_endpoint": [],
            "replicas": found.get("ReadReplicaDBInstanceIdentifiers") or [],
            "option_group_name": next((g["OptionGroupName"] for g in found.get("OptionGroupMemberships", [])), None),
            "parameter_group_name": next((g["DBParameterGroupName"] for g in found["DBParameterGroups"]), None),
            "vpc_security_group_ids": [group["VpcSecurityGroupId"] for group in found["VpcSecurityGroups"]],
            "tags_all": self.tags_of(place, found["DBInstanceArn"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        skip, snapshot = bool(state["skip_final_snapshot"]), state["final_snapshot_identifier"]
        if not (skip or snapshot):
            raise NotEmulated("final_snapshot_identifier is required when skip_final_snapshot is false")
        place.client("rds").delete_db_instance(
            DBInstanceIdentifier=state["id"],
            SkipFinalSnapshot=skip,
            DeleteAutomatedBackups=bool(state["delete_automated_backups"]),
            **({} if skip else {"FinalDBSnapshotIdentifier": snapshot}),
        )


def _asked(values: Values, names: dict[str, str]) -> dict[str, Any]:
    whole = {name: int(v) if isinstance(v, float) else v for name, v in values.items()}
    return {names[name]: value for name, value in whole.items() if name in names and value not in (None, "")}


def _exports(state: Values, new: Values) -> dict[str, list[str]]:
    before, after = (set(each["enabled_cloudwatch_logs_exports"] or []) for each in (state, new))
    return {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}


def _secret(found: Any) -> Values:
    return {
        "kms_key_id": found.get("KmsKeyId"),
        "secret_arn": found["SecretArn"],
        "secret_status": found["SecretStatus"],
    }


def _engine_version(held: Any, found: str) -> str:
    """Return the held version, such as "17", as long as the instance runs any 17.x; RDS chooses the minor version."""
    return held if isinstance(held, str) and f"{found}.".startswith(f"{held}.") else found


RESOURCES: tuple[type[Resource], ...] = (Instance,)
