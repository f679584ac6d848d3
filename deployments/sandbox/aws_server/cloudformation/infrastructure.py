"""Buckets, log groups, security groups and instance profiles: what most stacks are built on, in moto's services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, as_list, tags_of


class Bucket(Kind):
    """AWS::S3::Bucket. Like AWS, it cannot be deleted while there is something in it."""

    properties = frozenset(
        {"BucketName", "BucketEncryption", "PublicAccessBlockConfiguration", "Tags", "VersioningConfiguration"}
    )

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("BucketName", name.lower()[:63])
        place = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
        aws("s3").create_bucket(Bucket=called, **({"CreateBucketConfiguration": place} if place else {}))
        made = Made(called, _names_of_bucket(called, aws.region))
        self.update(aws, made, {}, p)
        return made

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        s3, bucket = aws("s3"), {"Bucket": made.id}
        if "VersioningConfiguration" in {**old, **new}:
            versioning = new.get("VersioningConfiguration", {"Status": "Suspended"})
            s3.put_bucket_versioning(**bucket, VersioningConfiguration=dict(versioning))
        if block := new.get("PublicAccessBlockConfiguration"):
            s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=dict(block))
        if encryption := new.get("BucketEncryption"):
            s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=_encryption(encryption))
        s3.put_bucket_tagging(**bucket, Tagging={"TagSet": as_list(tags_of(aws, new))})

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("s3").delete_bucket(Bucket=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        if made.id not in [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]]:
            return None
        if "VersioningConfiguration" not in p:
            return {}
        found = aws("s3").get_bucket_versioning(Bucket=made.id).get("Status", "Suspended")
        return {"VersioningConfiguration": {"Status": found}}

    def is_taken(self, aws: Clients, p: Properties) -> bool:
        return p.get("BucketName") in [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]]


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


class InstanceProfile(Kind):
    """AWS::IAM::InstanceProfile."""

    properties = frozenset({"InstanceProfileName", "Path", "Roles"})

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("InstanceProfileName", name[:128])
        path = {"Path": p["Path"]} if "Path" in p else {}
        made = aws("iam").create_instance_profile(InstanceProfileName=called, **path)["InstanceProfile"]
        for role in p["Roles"]:
            aws("iam").add_role_to_instance_profile(InstanceProfileName=called, RoleName=role)
        return Made(called, {"Arn": made["Arn"]})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        self._empty(aws, made)
        for role in new["Roles"]:
            aws("iam").add_role_to_instance_profile(InstanceProfileName=made.id, RoleName=role)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        self._empty(aws, made)
        aws("iam").delete_instance_profile(InstanceProfileName=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        try:
            found = aws("iam").get_instance_profile(InstanceProfileName=made.id)["InstanceProfile"]
        except aws("iam").exceptions.NoSuchEntityException:
            return None
        return {"Roles": [role["RoleName"] for role in found["Roles"]]}

    def _empty(self, aws: Clients, made: Made) -> None:
        found = aws("iam").get_instance_profile(InstanceProfileName=made.id)["InstanceProfile"]
        for role in found["Roles"]:
            aws("iam").remove_role_from_instance_profile(InstanceProfileName=made.id, RoleName=role["RoleName"])


def is_there(ask: Any, **arguments: Any) -> bool:
    """Whether a call that reads one thing finds it."""
    try:
        ask(**arguments)
    except ClientError:
        return False
    return True


def _names_of_bucket(name: str, region: str) -> dict[str, str]:
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
    }


def _encryption(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A template's rules in the words of S3's API."""
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = declared["ServerSideEncryptionConfiguration"]
    return {"Rules": [{renamed.get(key, key): value for key, value in rule.items()} for rule in rules]}


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
