"""Routing: route tables, routes, their associations, and gateway and interface endpoints."""

from __future__ import annotations

import zlib
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.schema import catalog
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, only, tag_specification
from deployments.sandbox.aws_provider.tags import from_pairs
from deployments.sandbox.aws_provider.values import Values, policy

# {argument with the target of a route: its name in the API}.
TARGETS = {
    "gateway_id": "GatewayId",
    "nat_gateway_id": "NatGatewayId",
    "egress_only_gateway_id": "EgressOnlyInternetGatewayId",
    "network_interface_id": "NetworkInterfaceId",
    "transit_gateway_id": "TransitGatewayId",
    "vpc_endpoint_id": "VpcEndpointId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
}


def _target(route: Values) -> dict[str, Any]:
    return given(**{api: route.get(name) for name, api in TARGETS.items()})


def _table(place: Place, identity: str) -> Any:
    return only(place.client("ec2").describe_route_tables(RouteTableIds=[identity])["RouteTables"])


class RouteTable(Ec2):
    """aws_route_table. As in the real provider, `route` also shows routes that `aws_route` resources created."""

    type = "aws_route_table"
    label = "EC2 Route Table"
    shared = ("route",)
    gone = ("InvalidRouteTableID.NotFound",)
    args = frozen({**emulated("vpc_id"), "route": Arg(as_attribute=True)})

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = tag_specification("route-table", new["tags_all"])
        answer = place.client("ec2").create_route_table(VpcId=new["vpc_id"], **given(TagSpecifications=tags))
        return str(answer["RouteTable"]["RouteTableId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        for route in new["route"] or []:
            self._call(place, "create_route", new["id"], route)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        before = {route["cidr_block"]: route for route in state["route"] or []}
        after = {route["cidr_block"]: route for route in new["route"] or []}
        for cidr in before.keys() - after.keys():
            place.client("ec2").delete_route(RouteTableId=state["id"], DestinationCidrBlock=cidr)
        for cidr, route in after.items():
            if _target(before.get(cidr, {})) != _target(route):
                self._call(place, "replace_route" if cidr in before else "create_route", state["id"], route)

    def _call(self, place: Place, call: str, table: str, route: Values) -> None:
        destination = route["cidr_block"]
        getattr(place.client("ec2"), call)(RouteTableId=table, DestinationCidrBlock=destination, **_target(route))

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        table = _table(place, state["id"])
        return table and {
            "arn": place.arn("ec2", f"route-table/{state['id']}"),
            "owner_id": place.account,
            "vpc_id": table["VpcId"],
            "propagating_vgws": [],
            "route": self._routes(table, state["route"] or []),
            "tags_all": from_pairs(table.get("Tags")),
        }

    def _routes(self, table: Any, held: list[Values]) -> list[Values]:
        routes = [route for route in table["Routes"] if _is_own(route)]
        found = [{"cidr_block": r.get("DestinationCidrBlock"), **_names(r)} for r in routes]
        blank = dict.fromkeys(catalog().resources[self.type].blocks["route"].block.arguments)
        spelled = {(route["cidr_block"], *sorted(_target(route).items())): route for route in held}
        return [spelled.get((r["cidr_block"], *sorted(_target(r).items())), {**blank, **r}) for r in found]

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_route_table(RouteTableId=state["id"])


def _is_own(route: Any) -> bool:
    gateway = route.get("GatewayId") or ""
    return gateway != "local" and not (gateway.startswith("vpce-") and "DestinationPrefixListId" in route)


def _names(route: Any) -> Values:
    return {name: route.get(api) for name, api in TARGETS.items()}


class Route(Resource):
    """aws_route."""

    type = "aws_route"
    service = "ec2"
    label = "EC2 Route"
    gone = ("InvalidRouteTableID.NotFound", "InvalidRoute.NotFound")
    args = frozen(emulated("route_table_id", "destination_cidr_block", *TARGETS))
    # A route has one target, so a value that AWS filled in for the previous target is no longer valid.
    follows = frozen({name: ("network_interface_id",) for name in TARGETS if name != "network_interface_id"})

    @override
    def locate(self, identity: str) -> Values:
        table, _, destination = identity.partition("_")
        return {"id": _route_id(table, destination), "route_table_id": table, "destination_cidr_block": destination}

    @override
    def create(self, place: Place, new: Values) -> str:
        table, destination = new["route_table_id"], new["destination_cidr_block"]
        place.client("ec2").create_route(RouteTableId=table, DestinationCidrBlock=destination, **_target(new))
        return _route_id(table, destination)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        place.client("ec2").replace_route(
            RouteTableId=new["route_table_id"], DestinationCidrBlock=new["destination_cidr_block"], **_target(new)
        )

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        table = _table(place, state["route_table_id"])
        routes = table["Routes"] if table else []
        wanted = state["destination_cidr_block"]
        route = only([route for route in routes if route.get("DestinationCidrBlock") == wanted])
        return route and {"origin": route.get("Origin"), "state": route.get("State"), **_names(route)}

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_route(
            RouteTableId=state["route_table_id"], DestinationCidrBlock=state["destination_cidr_block"]
        )


def _route_id(table: str, destination: str) -> str:
    return f"r-{table}{zlib.crc32(destination.encode())}"


class RouteTableAssociation(Resource):
    """aws_route_table_association. A change of the route table gives it a new id."""

    type = "aws_route_table_association"
    service = "ec2"
    label = "EC2 Route Table Association"
    gone = ("InvalidAssociationID.NotFound",)
    args = frozen(emulated("route_table_id", "subnet_id", "gateway_id"))
    follows = frozen({"route_table_id": ("id",)})

    @override
    def create(self, place: Place, new: Values) -> str:
        ends = given(SubnetId=new["subnet_id"], GatewayId=new["gateway_id"])
        answer = place.client("ec2").associate_route_table(RouteTableId=new["route_table_id"], **ends)
        return str(answer["AssociationId"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> Values:
        answer = place.client("ec2").replace_route_table_association(
            AssociationId=state["id"], RouteTableId=new["route_table_id"]
        )
        return {"id": answer["NewAssociationId"]}

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        by_id = {"Name": "association.route-table-association-id", "Values": [state["id"]]}
        table = only(place.client("ec2").describe_route_tables(Filters=[by_id])["RouteTables"])
        links = table["Associations"] if table else []
        link = only([link for link in links if link["RouteTableAssociationId"] == state["id"]])
        return link and {
            "route_table_id": link["RouteTableId"],
            "subnet_id": link.get("SubnetId"),
            "gateway_id": link.get("GatewayId"),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").disassociate_route_table(AssociationId=state["id"])


class VpcEndpoint(Ec2):
    """aws_vpc_endpoint."""

    type = "aws_vpc_endpoint"
    label = "EC2 VPC Endpoint"
    gone = ("InvalidVpcEndpointId.NotFound",)
    args = frozen(
        {
            **emulated(
                "vpc_id",
                "service_name",
                "vpc_endpoint_type",
                "private_dns_enabled",
                "route_table_ids",
                "security_group_ids",
                "subnet_ids",
            ),
            "policy": Arg(same=policy),
        }
    )
    reads = frozen(
        {
            "cidr_blocks": "list(string)",
            "dns_entry": "list(object(dns_name=string,hosted_zone_id=string))",
            "network_interface_ids": "set(string)",
            "requester_managed": "bool",
        }
    )
    follows = frozen({"subnet_ids": ("network_interface_ids", "dns_entry")})
    # {argument: (its name in responses, its name in requests)}.
    _MEMBERS = frozen(
        {
            "route_table_ids": ("RouteTableIds", "RouteTableIds"),
            "subnet_ids": ("SubnetIds", "SubnetIds"),
            "security_group_ids": ("Groups", "SecurityGroupIds"),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").create_vpc_endpoint(
            VpcId=new["vpc_id"],
            ServiceName=new["service_name"],
            VpcEndpointType=new["vpc_endpoint_type"],
            **given(
                PolicyDocument=new["policy"],
                PrivateDnsEnabled=new["private_dns_enabled"],
                TagSpecifications=tag_specification("vpc-endpoint", new["tags_all"]),
                **{asked: new[name] for name, (_, asked) in self._MEMBERS.items()},
            ),
        )
        return str(answer["VpcEndpoint"]["VpcEndpointId"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        arguments: dict[str, Any] = {}
        for name in changed & self._MEMBERS.keys():
            asked = self._MEMBERS[name][1].removesuffix("s")
            before, after = set(state[name] or []), set(new[name] or [])
            arguments |= given(**{f"Add{asked}s": sorted(after - before), f"Remove{asked}s": sorted(before - after)})
        if "policy" in changed:
            arguments |= {"PolicyDocument": new["policy"]} if new["policy"] else {"ResetPolicy": True}
        if "private_dns_enabled" in changed:
            arguments["PrivateDnsEnabled"] = new["private_dns_enabled"]
        place.client("ec2").modify_vpc_endpoint(VpcEndpointId=state["id"], **arguments)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        found = place.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[state["id"]])["VpcEndpoints"]
        endpoint = only(found)
        if endpoint is None or endpoint["State"].lower() in ("deleting", "deleted"):
            return None
        groups = [group["GroupId"] if isinstance(group, dict) else group for group in endpoint.get("Groups", [])]
        return {
            "arn": place.arn("ec2", f"vpc-endpoint/{state['id']}"),
            "owner_id": place.account,
            "vpc_id": endpoint["VpcId"],
            "service_name": endpoint["ServiceName"],
            "vpc_endpoint_type": endpoint["VpcEndpointType"],
            "policy": endpoint.get("PolicyDocument"),
            "private_dns_enabled": bool(endpoint.get("PrivateDnsEnabled")),
            "route_table_ids": endpoint.get("RouteTableIds", []),
            "security_group_ids": groups,
            "subnet_ids": endpoint.get("SubnetIds", []),
            "network_interface_ids": endpoint.get("NetworkInterfaceIds", []),
            "cidr_blocks": [],
            "dns_entry": [
                {"dns_name": entry.get("DnsName"), "hosted_zone_id": entry.get("HostedZoneId")}
                for entry in endpoint.get("DnsEntries", [])
            ],
            "requester_managed": bool(endpoint.get("RequesterManaged")),
            "state": endpoint["State"],
            "tags_all": from_pairs(endpoint.get("Tags")),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[state["id"]])


RESOURCES: tuple[type[Resource], ...] = (RouteTable, Route, RouteTableAssociation, VpcEndpoint)
