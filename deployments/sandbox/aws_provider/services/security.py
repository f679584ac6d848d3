"""Security groups with inline rules.

AWS merges rules by protocol and ports, and a configuration may group them in any way. So both are split into atoms
(one protocol, port range, source and description) and compared as atoms. A rule is shown as the configuration writes
it as long as all of its atoms exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values


class Atom(NamedTuple):
    """The smallest part of a rule. `kind` is the argument that names the source."""

    protocol: str
    from_port: int
    to_port: int
    kind: str
    source: str
    description: str


# {argument with sources: (the API's list, the name of the source in its elements)}.
_SOURCES = {
    "cidr_blocks": ("IpRanges", "CidrIp"),
    "ipv6_cidr_blocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefix_list_ids": ("PrefixListIds", "PrefixListId"),
    "security_groups": ("UserIdGroupPairs", "GroupId"),
}
_EVERYTHING = Atom("-1", 0, 0, "cidr_blocks", "0.0.0.0/0", "")
_PROTOCOLS = {"all": "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
# Protocols for which AWS stores no ports.
_PORTLESS = ("-1",)


def protocol_of(written: Any) -> Any:
    """Return a protocol in the API's spelling; None for None."""
    return _PROTOCOLS.get(str(written).lower(), str(written).lower()) if written is not None else None


def atoms_of(rule: Values, own_id: Any) -> Iterator[Atom]:
    """Split a rule of the configuration into atoms. `own_id` is the id of the group, for the source `self`."""
    protocol = protocol_of(rule["protocol"])
    ports = (0, 0) if protocol in _PORTLESS else (int(rule["from_port"] or 0), int(rule["to_port"] or 0))
    start, end = ports
    description = rule.get("description") or ""
    for kind in _SOURCES:
        for source in rule.get(kind) or []:
            yield Atom(protocol, start, end, kind, source, description)
    if rule.get("self"):
        yield Atom(protocol, start, end, "security_groups", own_id, description)


def atoms_in(permissions: Any) -> Iterator[Atom]:
    """Split the API's permissions into atoms."""
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = (0, 0) if protocol in _PORTLESS else (permission.get("FromPort", 0), permission.get("ToPort", 0))
        start, end = ports
        for kind, (listing, name) in _SOURCES.items():
            for entry in permission.get(listing, []):
                yield Atom(protocol, start, end, kind, entry[name], entry.get("Description") or "")


def permissions_for(atoms: set[Atom]) -> list[dict[str, Any]]:
    """Combine atoms to permissions in the API's form."""
    grouped: dict[tuple[str, int, int], dict[str, Any]] = {}
    for atom in sorted(atoms):
        ports = {} if atom.protocol in _PORTLESS else {"FromPort": atom.from_port, "ToPort": atom.to_port}
        permission = grouped.setdefault(atom[:3], {"IpProtocol": atom.protocol, **ports})
        listing, name = _SOURCES[atom.kind]
        entry = {name: atom.source, **given(Description=atom.description)}
        permission.setdefault(listing, []).append(entry)
    return list(grouped.values())


def rules_from(found: set[Atom], held: list[Values], own_id: str) -> list[Values]:
    """Combine atoms to rules.

    Args:
        found: the atoms that exist.
        held: the rules in the state. Those whose atoms all exist are returned as they are.
        own_id: the id of the group.
    """
    left, rules = set(found), []
    for rule in held:
        atoms = set(atoms_of(rule, own_id))
        if atoms and atoms <= found:
            rules.append(rule)
            left -= atoms
    groups: dict[tuple[Any, ...], list[Atom]] = defaultdict(list)
    for atom in sorted(left):
        groups[(*atom[:3], atom.description)].append(atom)
    return [*rules, *(_rule(atoms, own_id) for atoms in groups.values())]


def _rule(atoms: list[Atom], own_id: str) -> Values:
    first = atoms[0]
    sources = {kind: [a.source for a in atoms if a.kind == kind and a.source != own_id] for kind in _SOURCES}
    return {
        "protocol": first.protocol,
        "from_port": first.from_port,
        "to_port": first.to_port,
        "description": first.description,
        "self": any(atom.source == own_id for atom in atoms),
        **sources,
    }


def _canonical_rules(rules: Any) -> Any:
    """Return all atoms of a set of rules. Sets with the same atoms mean the same."""
    return sorted({atom for rule in rules for atom in atoms_of(rule, "self")}) if rules else None


class SecurityGroup(Ec2):
    """aws_security_group."""

    type = "aws_security_group"
    label = "EC2 Security Group"
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    shared = ("ingress", "egress")
    args = frozen(
        {
            **emulated("name", "name_prefix", "description", "vpc_id", "revoke_rules_on_delete"),
            "ingress": Arg(as_attribute=True, same=_canonical_rules),
            "egress": Arg(as_attribute=True, same=_canonical_rules),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").create_security_group(
            GroupName=name_for(new),
            Description=new["description"],
            **given(
                VpcId=new["vpc_id"],
                TagSpecifications=[{"ResourceType": "security-group", "Tags": as_pairs(new["tags_all"])}]
                if new["tags_all"]
                else [],
            ),
        )
        return str(answer["GroupId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        # AWS allows all outgoing traffic of a new group, but Terraform allows only what is written.
        self._move(place, new, "egress", {_EVERYTHING}, new["egress"] or [])
        self._move(place, new, "ingress", set(), new["ingress"] or [])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        group = place.client("ec2").describe_security_groups(GroupIds=[state["id"]])["SecurityGroups"][0]
        for direction, listing in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            if direction in changed:
                self._move(place, state, direction, set(atoms_in(group[listing])), new[direction] or [])

    def _move(self, place: Place, state: Values, direction: str, found: set[Atom], rules: list[Values]) -> None:
        ec2, identity = place.client("ec2"), state["id"]
        wanted = {atom for rule in rules for atom in atoms_of(rule, identity)}
        for verb, atoms in (("revoke", found - wanted), ("authorize", wanted - found)):
            if atoms:
                call = getattr(ec2, f"{verb}_security_group_{direction}")
                call(GroupId=identity, IpPermissions=permissions_for(atoms))

    @override
    def read(self, place: Place, state: Values) -> Values:
        group = place.client("ec2").describe_security_groups(GroupIds=[state["id"]])["SecurityGroups"][0]
        return {
            "arn": place.arn("ec2", f"security-group/{state['id']}"),
            "owner_id": place.account,
            "name": group["GroupName"],
            "description": group["Description"],
            "vpc_id": group.get("VpcId"),
            "ingress": self._rules(group["IpPermissions"], state, "ingress"),
            "egress": self._rules(group["IpPermissionsEgress"], state, "egress"),
            "tags_all": from_pairs(group.get("Tags")),
        }

    def _rules(self, permissions: Any, state: Values, direction: str) -> list[Values]:
        return rules_from(set(atoms_in(permissions)), state[direction] or [], state["id"])

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_security_group(GroupId=state["id"])


RESOURCES: tuple[type[Resource], ...] = (SecurityGroup,)
