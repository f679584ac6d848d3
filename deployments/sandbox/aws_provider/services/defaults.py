"""The objects that every VPC has from the start: default security group, route table and network ACL.

Terraform adopts them instead of creating them, and removes everything from them that is not written. Deleting the
resource only removes it from the state, because the object is deleted with its VPC.
"""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2
from deployments.sandbox.aws_provider.services.network_acls import NetworkAcl
from deployments.sandbox.aws_provider.services.routes import RouteTable
from deployments.sandbox.aws_provider.services.security import SecurityGroup
from deployments.sandbox.aws_provider.values import Values


class TakenOver(Ec2):
    """An object that exists before Terraform adopts it, and remains when it is removed from the state."""

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["tags_all"]:
            self.tag(place, new, new["tags_all"], [])

    @override
    def delete(self, place: Place, state: Values) -> None:
        pass


class DefaultSecurityGroup(TakenOver, SecurityGroup):
    """aws_default_security_group."""

    type = "aws_default_security_group"
    label = "EC2 Default Security Group"
    args = frozen(
        {
            **emulated("vpc_id", "revoke_rules_on_delete"),
            "ingress": SecurityGroup.args["ingress"],
            "egress": SecurityGroup.args["egress"],
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        named = {"group-name": "default", **({"vpc-id": new["vpc_id"]} if new["vpc_id"] else {})}
        filters = [{"Name": name, "Values": [value]} for name, value in named.items()]
        return str(place.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        super().complete(place, new)
        self.update(place, new, new, frozenset({"ingress", "egress"}))


class DefaultRouteTable(TakenOver, RouteTable):
    """aws_default_route_table."""

    type = "aws_default_route_table"
    label = "EC2 Default Route Table"
    args = frozen({**emulated("default_route_table_id"), "route": RouteTable.args["route"]})

    @override
    def create(self, place: Place, new: Values) -> str:
        return str(new["default_route_table_id"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        super().complete(place, new)
        found = super().read(place, {**new, "route": []})
        self.update(place, {**new, "route": (found or {})["route"]}, new, frozenset({"route"}))

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        found = super().read(place, state)
        return found and {**found, "default_route_table_id": state["id"]}


class DefaultNetworkAcl(TakenOver, NetworkAcl):
    """aws_default_network_acl. Subnets that use it only for lack of another ACL are not shown: they come and go."""

    type = "aws_default_network_acl"
    label = "EC2 Default Network ACL"
    args = frozen(
        {**emulated("default_network_acl_id", "ingress.*", "egress.*"), "subnet_ids": Arg(only_if_configured=True)}
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        return str(new["default_network_acl_id"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        super().complete(place, new)
        self.update(place, new, new, frozenset({"ingress", "egress", "subnet_ids"}))

    @override
    def read(self, place: Place, state: Values) -> Values:
        return {**super().read(place, state), "default_network_acl_id": state["id"]}


RESOURCES: tuple[type[Resource], ...] = (DefaultSecurityGroup, DefaultRouteTable, DefaultNetworkAcl)
