"""Which modules, what somebody does to them by hand, and the release of the small root that uses each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOTS = Path(__file__).with_name("roots")
Client = Callable[[str], Any]


@dataclass(frozen=True)
class Module:
    """One module: the name of its root and repository, and a change by hand, given clients and the root's outputs."""

    name: str
    drift: Callable[[Client, Mapping[str, Any]], object]


def _rename_the_vpc(client: Client, outputs: Mapping[str, Any]) -> None:
    client("ec2").create_tags(Resources=[outputs["id"]], Tags=[{"Key": "Name", "Value": "renamed by hand"}])


def _suspend_versioning(client: Client, outputs: Mapping[str, Any]) -> None:
    suspended = {"Status": "Suspended"}
    client("s3").put_bucket_versioning(Bucket=outputs["id"], VersioningConfiguration=suspended)


def _close_a_port(client: Client, outputs: Mapping[str, Any]) -> None:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    client("ec2").revoke_security_group_ingress(GroupId=outputs["id"], IpPermissions=[https])


def _shorten_the_timeout(client: Client, outputs: Mapping[str, Any]) -> None:
    attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "7"}]
    client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=outputs["id"], Attributes=attributes)


def _keep_fewer_backups(client: Client, outputs: Mapping[str, Any]) -> None:
    client("rds").modify_db_instance(
        DBInstanceIdentifier=outputs["id"], BackupRetentionPeriod=1, ApplyImmediately=True
    )


def _detach_the_policy(client: Client, outputs: Mapping[str, Any]) -> None:
    client("iam").detach_role_policy(RoleName=outputs["id"], PolicyArn=outputs["policy"])


MODULES = (
    Module("vpc", _rename_the_vpc),
    Module("s3-bucket", _suspend_versioning),
    Module("security-group", _close_a_port),
    Module("alb", _shorten_the_timeout),
    Module("rds", _keep_fewer_backups),
    Module("iam", _detach_the_policy),
)
