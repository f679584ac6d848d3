"""Security groups, and rules that are resources of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, as_list, tags_of

_SIDES = {"SecurityGroupIngress": "ingress", "SecurityGroupEgress": "egress"}
_EVERYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_apart: set[str] = set()
"""The ids of rules that are resources of their own. They do not count as drift of their group."""


class SecurityGroup(Kind):
    """AWS::EC2::SecurityGroup, with the rules that it declares itself."""

    properties = frozenset(
        {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
    )
    attributes = frozenset({"GroupId", "Id", "VpcId"})
    is_deleted_by_id = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        ec2 = aws("ec2")
        vpc = p.get("VpcId") or _default_vpc(ec2)
        named = {"GroupName": p.get("GroupName", name), "Description": p["GroupDescription"], "VpcId": vpc}
        group = ec2.create_security_group(**named)["GroupId"]
        made = Made(group, {"GroupId": group, "Id": group, "VpcId": vpc})
        ec2.create_tags(Resources=[group], Tags=as_list(tags_of(aws, p)))
        if "SecurityGroupEgress" in p:
            # Declared rules replace the rule that every new group has.
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[_EVERYWHERE])
        self._exchange(ec2, group, {}, p)
        made.seen.update(_rules(ec2, group))
        return made

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        ec2 = aws("ec2")
        self._exchange(ec2, made.id, old, new)
        ec2.create_tags(Resources=[made.id], Tags=as_list(tags_of(aws, new)))
        made.seen.clear()
        made.seen.update(_rules(ec2, made.id))

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("ec2").delete_security_group(GroupId=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        try:
            found = _rules(aws("ec2"), made.id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidGroup.NotFound":
                return None
            raise
        return {side: list(found[side].values()) for side in _SIDES if side in p and found[side] != made.seen[side]}

    def _exchange(self, ec2: Any, group: str, old: Properties, new: Properties) -> None:
        """Revoke the rules that are no longer declared, and authorize the new ones."""
        for side, word in _SIDES.items():
            before, after = [permission(r) for r in old.get(side, ())], [permission(r) for r in new.get(side, ())]
            if gone := [rule for rule in before if rule not in after]:
                getattr(ec2, f"revoke_security_group_{word}")(GroupId=group, IpPermissions=gone)
            if fresh := [rule for rule in after if rule not in before]:
                getattr(ec2, f"authorize_security_group_{word}")(GroupId=group, IpPermissions=fresh)


class SecurityGroupRule(Kind):
    """AWS::EC2::SecurityGroupIngress or ...Egress: a rule of a group as a separate resource."""

    _ranges = ("CidrIp", "CidrIpv6", "SourcePrefixListId", "DestinationPrefixListId")
    _groups = ("SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId")
    properties = frozenset(
        {
            "GroupId",
            "GroupName",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "Description",
            "SourceSecurityGroupOwnerId",
            *_ranges,
            *_groups,
        }
    )
    attributes = frozenset({"Id"})

    def __init__(self, side: str) -> None:
        self._side = side

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        authorize = getattr(aws("ec2"), f"authorize_security_group_{self._side}")
        found = authorize(GroupId=self._group(aws, p), IpPermissions=[permission(p)])["SecurityGroupRules"][0]
        _apart.add(found["SecurityGroupRuleId"])
        return Made(found["SecurityGroupRuleId"], {"Id": found["SecurityGroupRuleId"]})

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        self._revoke(aws, old)
        made.attributes["Id"] = self.create(aws, made.id, new).id

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        self._revoke(aws, p)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        rules = _described(aws("ec2"), self._group(aws, p))
        return {} if made.attributes["Id"] in [rule["SecurityGroupRuleId"] for rule in rules] else None

    def _revoke(self, aws: Clients, p: Properties) -> None:
        revoke = getattr(aws("ec2"), f"revoke_security_group_{self._side}")
        revoke(GroupId=self._group(aws, p), IpPermissions=[permission(p)])

    def _group(self, aws: Clients, p: Properties) -> str:
        if "GroupId" in p:
            return str(p["GroupId"])
        found = aws("ec2").describe_security_groups(GroupNames=[p["GroupName"]])["SecurityGroups"]
        return str(found[0]["GroupId"])


def permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule in the form of EC2's API."""
    ports = {key: int(rule[key]) for key in ("FromPort", "ToPort") if key in rule}
    about = {"Description": rule["Description"]} if "Description" in rule else {}
    groups = [rule[key] for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId") if key in rule]
    lists = [rule[key] for key in ("SourcePrefixListId", "DestinationPrefixListId") if key in rule]
    owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
    pairs = [{"GroupId": group, **owner, **about} for group in groups]
    if "SourceSecurityGroupName" in rule:
        pairs.append({"GroupName": rule["SourceSecurityGroupName"], **owner, **about})
    return {
        "IpProtocol": str(rule["IpProtocol"]),
        **ports,
        **({"IpRanges": [{"CidrIp": rule["CidrIp"], **about}]} if "CidrIp" in rule else {}),
        **({"Ipv6Ranges": [{"CidrIpv6": rule["CidrIpv6"], **about}]} if "CidrIpv6" in rule else {}),
        **({"PrefixListIds": [{"PrefixListId": each, **about} for each in lists]} if lists else {}),
        **({"UserIdGroupPairs": pairs} if pairs else {}),
    }


def _default_vpc(ec2: Any) -> str:
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(vpcs[0]["VpcId"])


def _described(ec2: Any, group: str) -> list[dict[str, Any]]:
    ec2.describe_security_groups(GroupIds=[group])
    filters = [{"Name": "group-id", "Values": [group]}]
    found: list[dict[str, Any]] = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return found


def _rules(ec2: Any, group: str) -> dict[str, dict[str, Any]]:
    """Return {side: {id: rule}} of a group, without rules that are resources of their own."""
    own = [rule for rule in _described(ec2, group) if rule["SecurityGroupRuleId"] not in _apart]
    return {
        side: {rule["SecurityGroupRuleId"]: rule for rule in own if rule["IsEgress"] is egress}
        for side, egress in (("SecurityGroupIngress", False), ("SecurityGroupEgress", True))
    }
