"""Log groups and security groups: what most stacks are built on, in moto's services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, as_list, tags_of


class LogGroup(Kind):
    """AWS::Logs::LogGroup."""

    properties = frozenset({"LogGroupName", "RetentionInDays", "Tags"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("LogGroupName", name)
        aws("logs").create_log_group(logGroupName=called, tags=tags_of(aws, p))
        made = Made(called, {"Arn": aws.arn("logs", f"log-group:{called}:*")})
        self.update(aws, made, {}, p)
        return made

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        if "RetentionInDays" in new:
            aws("logs").put_retention_policy(logGroupName=made.id, retentionInDays=int(new["RetentionInDays"]))
        elif "RetentionInDays" in old:
            aws("logs").delete_retention_policy(logGroupName=made.id)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("logs").delete_log_group(logGroupName=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        groups = aws("logs").describe_log_groups(logGroupNamePrefix=made.id)["logGroups"]
        found = [group for group in groups if group["logGroupName"] == made.id]
        declared = p.get("RetentionInDays")
        kept = found[0].get("retentionInDays") if found else None
        # A template may write the number as a text.
        return {"RetentionInDays": type(declared)(kept or 0)} if found and declared else {} if found else None


class SecurityGroup(Kind):
    """AWS::EC2::SecurityGroup with the rules that it declares itself."""

    properties = frozenset(
        {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
    )
    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        ec2 = aws("ec2")
        vpc = p.get("VpcId") or ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = ec2.create_security_group(
            GroupName=p.get("GroupName", name), Description=p["GroupDescription"], VpcId=vpc
        )["GroupId"]
        made = Made(group, {"GroupId": group, "VpcId": vpc})
        ec2.create_tags(Resources=[group], Tags=as_list(tags_of(aws, p)))
        self._grant(ec2, group, p)
        return made

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        ec2 = aws("ec2")
        for side, revoke in (
            ("SecurityGroupIngress", ec2.revoke_security_group_ingress),
            ("SecurityGroupEgress", ec2.revoke_security_group_egress),
        ):
            if rules := [_permission(rule) for rule in old.get(side, ())]:
                revoke(GroupId=made.id, IpPermissions=rules)
        self._grant(ec2, made.id, new)
        ec2.create_tags(Resources=[made.id], Tags=as_list(tags_of(aws, new)))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("ec2").delete_security_group(GroupId=made.id)

    def _grant(self, ec2: Any, group: str, p: Properties) -> None:
        for side, authorize in (
            ("SecurityGroupIngress", ec2.authorize_security_group_ingress),
            ("SecurityGroupEgress", ec2.authorize_security_group_egress),
        ):
            if rules := [_permission(rule) for rule in p.get(side, ())]:
                authorize(GroupId=group, IpPermissions=rules)


def is_there(ask: Any, **arguments: Any) -> bool:
    """Whether a call that reads one thing finds it."""
    try:
        ask(**arguments)
    except ClientError:
        return False
    return True


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule in the words of EC2's API."""
    ports = {key: int(rule[key]) for key in ("FromPort", "ToPort") if key in rule}
    about = {"Description": rule["Description"]} if "Description" in rule else {}
    groups = [rule[key] for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId") if key in rule]
    return {
        "IpProtocol": str(rule["IpProtocol"]),
        **ports,
        **({"IpRanges": [{"CidrIp": rule["CidrIp"], **about}]} if "CidrIp" in rule else {}),
        **({"Ipv6Ranges": [{"CidrIpv6": rule["CidrIpv6"], **about}]} if "CidrIpv6" in rule else {}),
        **({"UserIdGroupPairs": [{"GroupId": group, **about} for group in groups]} if groups else {}),
    }
