"""Network ACLs with inline entries, and entries as separate resources."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, tag_specification
from deployments.sandbox.aws_provider.tags import from_pairs
from deployments.sandbox.aws_provider.values import Values, plain

# moto's error for a missing ACL is about a route table.
_MISSING = ("InvalidNetworkAclID.NotFound", "InvalidRouteTableID.NotFound")
_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}
# The number of the last entry in each ACL, which AWS adds and nobody can remove.
_LAST = 32767


def _number(protocol: Any) -> Any:
    return _NUMBERS.get(str(protocol).lower(), str(protocol)) if protocol is not None else None


def _lower(action: Any) -> Any:
    return action.lower() if isinstance(action, str) else action


def _asked(entry: Values) -> dict[str, Any]:
    """Convert an inline entry to the API's form."""
    protocol = _number(entry["protocol"])
    ports = {"From": int(entry["from_port"] or 0), "To": int(entry["to_port"] or 0)}
    icmp = {"Code": int(entry.get("icmp_code") or 0), "Type": int(entry.get("icmp_type") or 0)}
    return {
        "RuleNumber": int(entry["rule_no"]),
        "Protocol": protocol,
        "RuleAction": _lower(entry["action"]),
        **given(CidrBlock=entry.get("cidr_block"), Ipv6CidrBlock=entry.get("ipv6_cidr_block")),
        **({"IcmpTypeCode": icmp} if protocol in ("1", "58") else {}),
        **({"PortRange": ports} if protocol in ("6", "17") else {}),
    }


def _found(entry: Any) -> Values:
    ports, icmp = entry.get("PortRange") or {}, entry.get("IcmpTypeCode") or {}
    return {
        "rule_no": entry["RuleNumber"],
        "protocol": entry["Protocol"],
        "action": entry["RuleAction"],
        "cidr_block": entry.get("CidrBlock"),
        "ipv6_cidr_block": entry.get("Ipv6CidrBlock"),
        "from_port": ports.get("From", 0),
        "to_port": ports.get("To", 0),
        "icmp_code": icmp.get("Code"),
        "icmp_type": icmp.get("Type"),
    }


def _canonical(entries: Any) -> Any:
    """Convert entries to the API's form, in which two sets with the same meaning are equal."""
    return sorted((_asked(entry) for entry in entries), key=repr) if entries else plain(entries)


def _acl(place: Place, identity: str) -> Any:
    return place.client("ec2").describe_network_acls(NetworkAclIds=[identity])["NetworkAcls"][0]


class NetworkAcl(Ec2):
    """aws_network_acl."""

    type = "aws_network_acl"
    label = "EC2 Network ACL"
    shared = ("ingress", "egress", "subnet_ids")
    gone = _MISSING
    args = frozen(
        {
            **emulated("vpc_id", "subnet_ids"),
            "ingress": Arg(as_attribute=True, same=_canonical),
            "egress": Arg(as_attribute=True, same=_canonical),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = tag_specification("network-acl", new["tags_all"])
        answer = place.client("ec2").create_network_acl(VpcId=new["vpc_id"], **given(TagSpecifications=tags))
        return str(answer["NetworkAcl"]["NetworkAclId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        self.update(place, new, new, frozenset({"ingress", "egress", "subnet_ids"}))

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        acl = _acl(place, state["id"])
        for direction in ("ingress", "egress"):
            if direction in changed:
                self._move(place, acl, direction == "egress", new[direction] or [])
        if "subnet_ids" in changed and new["subnet_ids"]:
            self._take(place, acl, new["subnet_ids"])

    def _move(self, place: Place, acl: Any, egress: bool, entries: list[Values]) -> None:
        ec2, identity = place.client("ec2"), {"NetworkAclId": acl["NetworkAclId"], "Egress": egress}
        there = {each["RuleNumber"]: _asked(_found(each)) for each in _own(acl, egress)}
        wanted = {int(entry["rule_no"]): _asked(entry) for entry in entries}
        for number, entry in there.items():
            if wanted.get(number) != entry:
                ec2.delete_network_acl_entry(RuleNumber=number, **identity)
        for number, entry in wanted.items():
            if there.get(number) != entry:
                ec2.create_network_acl_entry(**entry, **identity)

    def _take(self, place: Place, acl: Any, subnets: list[str]) -> None:
        ec2 = place.client("ec2")
        mine = {each["SubnetId"] for each in acl["Associations"]}
        of_vpc = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}]
        for other in ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]:
            for each in other["Associations"]:
                if each["SubnetId"] in set(subnets) - mine:
                    ec2.replace_network_acl_association(
                        AssociationId=each["NetworkAclAssociationId"], NetworkAclId=acl["NetworkAclId"]
                    )

    @override
    def read(self, place: Place, state: Values) -> Values:
        acl = _acl(place, state["id"])
        return {
            "arn": place.arn("ec2", f"network-acl/{state['id']}"),
            "owner_id": place.account,
            "vpc_id": acl["VpcId"],
            "subnet_ids": [each["SubnetId"] for each in acl["Associations"]],
            **{name: self._entries(acl, name, state[name]) for name in ("ingress", "egress")},
            "tags_all": from_pairs(acl.get("Tags")),
        }

    def _entries(self, acl: Any, direction: str, held: Any) -> list[Values]:
        """Return the entries, each in the spelling of the state if it means the same."""
        spelled = {repr(_asked(entry)): entry for entry in (held if isinstance(held, list) else [])}
        found = [_found(each) for each in _own(acl, direction == "egress")]
        return [spelled.get(repr(_asked(entry)), entry) for entry in found]

    @override
    def delete(self, place: Place, state: Values) -> None:
        ec2, acl = place.client("ec2"), _acl(place, state["id"])
        of_vpc = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
        default = ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"][0]["NetworkAclId"]
        for each in acl["Associations"]:
            association = each["NetworkAclAssociationId"]
            ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=default)
        ec2.delete_network_acl(NetworkAclId=state["id"])


def _own(acl: Any, egress: bool) -> list[Any]:
    return [each for each in acl["Entries"] if each["Egress"] == egress and each["RuleNumber"] != _LAST]


class NetworkAclRule(Resource):
    """aws_network_acl_rule. Any change replaces it."""

    type = "aws_network_acl_rule"
    service = "ec2"
    label = "EC2 Network ACL Rule"
    gone = _MISSING
    args = frozen(
        {
            **emulated(
                "cidr_block",
                "egress",
                "from_port",
                "icmp_code",
                "icmp_type",
                "ipv6_cidr_block",
                "network_acl_id",
                "rule_number",
                "to_port",
            ),
            "protocol": Arg(same=_number),
            "rule_action": Arg(same=_lower),
        }
    )

    @override
    def locate(self, identity: str) -> Values:
        """Return the rule of an import id, such as acl-1:100:tcp:false."""
        acl, number, protocol, egress = identity.split(":")
        rule = {"network_acl_id": acl, "rule_number": int(number), "protocol": protocol, "egress": egress == "true"}
        return {**rule, "id": f"nacl-{acl}-{number}-{egress}"}

    @override
    def create(self, place: Place, new: Values) -> str:
        entry = _asked({**new, "rule_no": new["rule_number"], "action": new["rule_action"]})
        ec2, acl = place.client("ec2"), new["network_acl_id"]
        ec2.create_network_acl_entry(NetworkAclId=acl, Egress=new["egress"], **entry)
        return f"nacl-{acl}-{int(new['rule_number'])}-{str(bool(new['egress'])).lower()}"

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        entries = _own(_acl(place, state["network_acl_id"]), bool(state["egress"]))
        entry = next((_found(each) for each in entries if each["RuleNumber"] == state["rule_number"]), None)
        if entry is None:
            return None
        named = {"rule_number": entry.pop("rule_no"), "rule_action": entry.pop("action")}
        return {**entry, **named}

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_network_acl_entry(
            NetworkAclId=state["network_acl_id"], RuleNumber=int(state["rule_number"]), Egress=bool(state["egress"])
        )


RESOURCES: tuple[type[Resource], ...] = (NetworkAcl, NetworkAclRule)
