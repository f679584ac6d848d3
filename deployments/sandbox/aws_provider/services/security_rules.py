"""Rules of security groups as separate resources, in both of the forms that the provider has."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, tag_specification
from deployments.sandbox.aws_provider.services.security import (
    Atom,
    atoms_in,
    atoms_of,
    permissions_for,
    protocol_of,
)
from deployments.sandbox.aws_provider.tags import from_pairs
from deployments.sandbox.aws_provider.values import Values

_LISTS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
_KINDS = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
"""The arguments with the source of a VPC rule, which has exactly one."""
_AS_LISTS = {"cidr_blocks": "cidr_ipv4", "ipv6_cidr_blocks": "cidr_ipv6", "prefix_list_ids": "prefix_list_id"}


class SecurityGroupRule(Resource):
    """aws_security_group_rule: one protocol and port range, any number of sources, and no tags."""

    type = "aws_security_group_rule"
    service = "ec2"
    label = "Security Group Rule"
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    args = frozen(
        {
            **emulated(
                "cidr_blocks",
                "description",
                "from_port",
                "ipv6_cidr_blocks",
                "prefix_list_ids",
                "security_group_id",
                "self",
                "source_security_group_id",
                "to_port",
                "type",
            ),
            "protocol": Arg(same=protocol_of),
        }
    )

    @override
    def locate(self, identity: str) -> Values:
        """Return the rule of an import id, such as sg-1_ingress_tcp_80_80_10.0.0.0/8."""
        group, kind, protocol, start, end, *sources = identity.split("_")
        rule: Values = {
            "type": kind,
            "security_group_id": group,
            "protocol": protocol,
            "from_port": int(start),
            "to_port": int(end),
            "self": "self" in sources,
            "source_security_group_id": next((each for each in sources if each.startswith("sg-")), None),
            "prefix_list_ids": [each for each in sources if each.startswith("pl-")] or None,
            "ipv6_cidr_blocks": [each for each in sources if ":" in each] or None,
            "cidr_blocks": [each for each in sources if "." in each] or None,
        }
        return {**rule, "id": _rule_id(rule)}

    @override
    def create(self, place: Place, new: Values) -> str:
        call = getattr(place.client("ec2"), f"authorize_security_group_{new['type']}")
        call(GroupId=new["security_group_id"], IpPermissions=permissions_for(_atoms(new)))
        return _rule_id(new)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        call = getattr(place.client("ec2"), f"update_security_group_rule_descriptions_{state['type']}")
        call(GroupId=state["security_group_id"], IpPermissions=permissions_for(_atoms(new)))

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        identity = state["security_group_id"]
        group = place.client("ec2").describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]
        found = {atom._replace(description=""): atom for atom in atoms_in(group[_LISTS[state["type"]]])}
        wanted = [atom._replace(description="") for atom in sorted(_atoms(state))]
        if not wanted or not all(atom in found for atom in wanted):
            return None
        return {
            "description": found[wanted[0]].description,
            "security_group_rule_id": self._api_id(place, state) if len(wanted) == 1 else None,
        }

    def _api_id(self, place: Place, state: Values) -> str | None:
        """Return the API's id of a rule with one source, which is one rule in the API; None if it does not exist."""
        [wanted] = (atom._replace(description="") for atom in _atoms(state))
        of_it = [{"Name": "group-id", "Values": [state["security_group_id"]]}]
        rules = place.client("ec2").describe_security_group_rules(Filters=of_it)["SecurityGroupRules"]
        mine = (each for each in rules if each["IsEgress"] == (state["type"] == "egress"))
        return next((str(each["SecurityGroupRuleId"]) for each in mine if _atom_in(each) == wanted), None)

    @override
    def delete(self, place: Place, state: Values) -> None:
        call = getattr(place.client("ec2"), f"revoke_security_group_{state['type']}")
        call(GroupId=state["security_group_id"], IpPermissions=permissions_for(_atoms(state)))


def _atoms(rule: Values) -> set[Atom]:
    group = rule.get("source_security_group_id")
    return set(atoms_of({**rule, "security_groups": [group] if group else []}, rule["security_group_id"]))


def _rule_id(rule: Values) -> str:
    text = repr(sorted(atom._replace(description="") for atom in _atoms(rule)))
    return f"sgrule-{zlib.crc32(''.join([rule['security_group_id'], rule['type'], text]).encode())}"


def _atom_in(rule: Any) -> Atom | None:
    """Return a rule of the API as an atom; None if it has no source that a configuration can express."""
    permission: dict[str, Any] = {"IpProtocol": rule["IpProtocol"], **_ports(rule)}
    sources = {
        "IpRanges": [{"CidrIp": rule.get("CidrIpv4")}],
        "Ipv6Ranges": [{"CidrIpv6": rule.get("CidrIpv6")}],
        "PrefixListIds": [{"PrefixListId": rule.get("PrefixListId")}],
        "UserIdGroupPairs": [{"GroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId")}],
    }
    named = {listing: entries for listing, entries in sources.items() if all(entries[0].values())}
    return next(atoms_in([permission | named]), None)


def _ports(rule: Any) -> dict[str, int]:
    return {name: rule[name] for name in ("FromPort", "ToPort") if rule.get(name) is not None}


class VpcRule(Ec2):
    """The base of aws_vpc_security_group_ingress_rule and ..._egress_rule: one source, and an id and tags of AWS."""

    direction: ClassVar[str]
    gone = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound", "InvalidPermission.NotFound")
    args = frozen(
        {
            **emulated("cidr_ipv4", "description", "from_port", "security_group_id", "to_port"),
            "cidr_ipv6": Arg(fixed=True),
            "ip_protocol": Arg(same=protocol_of),
            "prefix_list_id": Arg(fixed=True),
            "referenced_security_group_id": Arg(fixed=True),
        }
    )
    reads = frozen({"tags_all": "map(string)"})

    @override
    def replacing(self, prior: Values, planned: Values) -> list[str]:
        """Return the attributes that force a replacement, such as another kind of source."""
        before, after = (next((kind for kind in _KINDS if each[kind] is not None), "") for each in (prior, planned))
        moved = [before, after] if before != after else []
        return [*super().replacing(prior, planned), *moved]

    @override
    def create(self, place: Place, new: Values) -> str:
        lists = {name: [new[each]] if new[each] else [] for name, each in _AS_LISTS.items()}
        group = new["referenced_security_group_id"]
        written = {**new, "protocol": new["ip_protocol"], **lists, "source_security_group_id": group}
        answer = getattr(place.client("ec2"), f"authorize_security_group_{self.direction}")(
            GroupId=new["security_group_id"],
            IpPermissions=permissions_for(_atoms(written)),
            **given(TagSpecifications=tag_specification("security-group-rule", new["tags_all"])),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        rule = given(
            IpProtocol=protocol_of(new["ip_protocol"]),
            CidrIpv4=new["cidr_ipv4"],
            CidrIpv6=new["cidr_ipv6"],
            PrefixListId=new["prefix_list_id"],
            ReferencedGroupId=new["referenced_security_group_id"],
            Description=new["description"],
        )
        ports = {"FromPort": new["from_port"], "ToPort": new["to_port"]}
        whole = {name: -1 if value is None else int(value) for name, value in ports.items()}
        place.client("ec2").modify_security_group_rules(
            GroupId=state["security_group_id"],
            SecurityGroupRules=[{"SecurityGroupRuleId": state["id"], "SecurityGroupRule": rule | whole}],
        )

    @override
    def read(self, place: Place, state: Values) -> Values:
        rules = place.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[state["id"]])
        found = rules["SecurityGroupRules"][0]
        ports = {} if found["IpProtocol"] == "-1" else _ports(found)
        return {
            "arn": place.arn("ec2", f"security-group-rule/{state['id']}"),
            "cidr_ipv4": found.get("CidrIpv4"),
            "cidr_ipv6": found.get("CidrIpv6"),
            "description": found.get("Description"),
            "from_port": ports.get("FromPort"),
            "ip_protocol": found["IpProtocol"],
            "prefix_list_id": found.get("PrefixListId"),
            "referenced_security_group_id": found.get("ReferencedGroupInfo", {}).get("GroupId"),
            "security_group_id": found["GroupId"],
            "security_group_rule_id": state["id"],
            "to_port": ports.get("ToPort"),
            "tags_all": from_pairs(found.get("Tags")),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        call = getattr(place.client("ec2"), f"revoke_security_group_{self.direction}")
        call(GroupId=state["security_group_id"], SecurityGroupRuleIds=[state["id"]])


class VpcIngressRule(VpcRule):
    """aws_vpc_security_group_ingress_rule."""

    type = "aws_vpc_security_group_ingress_rule"
    label = "VPC Security Group Ingress Rule"
    direction = "ingress"


class VpcEgressRule(VpcRule):
    """aws_vpc_security_group_egress_rule."""

    type = "aws_vpc_security_group_egress_rule"
    label = "VPC Security Group Egress Rule"
    direction = "egress"


RESOURCES: tuple[type[Resource], ...] = (SecurityGroupRule, VpcIngressRule, VpcEgressRule)
