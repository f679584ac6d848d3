"""VPCs, subnets and their connections to the internet: gateway, elastic address, NAT gateway."""

from __future__ import annotations

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, only, tag_specification, wait_until
from deployments.sandbox.aws_provider.tags import from_pairs
from deployments.sandbox.aws_provider.values import Values


class Vpc(Ec2):
    """aws_vpc."""

    type = "aws_vpc"
    label = "EC2 VPC"
    gone = ("InvalidVpcID.NotFound",)
    args = frozen(emulated("cidr_block", "instance_tenancy", "enable_dns_support", "enable_dns_hostnames"))

    @override
    def replacing(self, prior: Values, planned: Values) -> list[str]:
        """Return the attributes that force a replacement. Tenancy can change in place from dedicated to default."""
        gives_up = (prior["instance_tenancy"], planned["instance_tenancy"]) == ("dedicated", "default")
        names = super().replacing(prior, planned)
        return [name for name in names if not (gives_up and name == "instance_tenancy")]

    _SWITCHES = frozen({"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"})

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = tag_specification("vpc", new["tags_all"])
        answer = place.client("ec2").create_vpc(
            CidrBlock=new["cidr_block"], InstanceTenancy=new["instance_tenancy"], **given(TagSpecifications=tags)
        )
        return str(answer["Vpc"]["VpcId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        self._switch(place, new, frozenset(self._SWITCHES))

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._switch(place, new, changed)
        if "instance_tenancy" in changed:
            place.client("ec2").modify_vpc_tenancy(VpcId=new["id"], InstanceTenancy=new["instance_tenancy"])

    def _switch(self, place: Place, new: Values, names: frozenset[str]) -> None:
        wanted = {name for name in names & self._SWITCHES.keys() if new[name] is not None}
        for name in sorted(wanted, reverse=True):
            switch = {self._SWITCHES[name]: {"Value": new[name]}}
            place.client("ec2").modify_vpc_attribute(VpcId=new["id"], **switch)

    @override
    def read(self, place: Place, state: Values) -> Values:
        ec2, identity = place.client("ec2"), state["id"]
        vpc = ec2.describe_vpcs(VpcIds=[identity])["Vpcs"][0]
        switches = {
            name: ec2.describe_vpc_attribute(VpcId=identity, Attribute=api[0].lower() + api[1:])[api]["Value"]
            for name, api in self._SWITCHES.items()
        }
        return (
            switches
            | self._defaults(place, identity)
            | {
                "arn": place.arn("ec2", f"vpc/{identity}"),
                "owner_id": place.account,
                "cidr_block": vpc["CidrBlock"],
                "instance_tenancy": vpc.get("InstanceTenancy"),
                "dhcp_options_id": vpc.get("DhcpOptionsId"),
                "tags_all": from_pairs(vpc.get("Tags")),
            }
        )

    def _defaults(self, place: Place, identity: str) -> Values:
        ec2, mine = place.client("ec2"), {"Name": "vpc-id", "Values": [identity]}
        main = [mine, {"Name": "association.main", "Values": ["true"]}]
        tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
        acls = ec2.describe_network_acls(Filters=[mine, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
        named = [mine, {"Name": "group-name", "Values": ["default"]}]
        groups = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
        return {
            "main_route_table_id": tables[0]["RouteTableId"] if tables else None,
            "default_route_table_id": tables[0]["RouteTableId"] if tables else None,
            "default_network_acl_id": acls[0]["NetworkAclId"] if acls else None,
            "default_security_group_id": groups[0]["GroupId"] if groups else None,
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_vpc(VpcId=state["id"])


class Subnet(Ec2):
    """aws_subnet."""

    type = "aws_subnet"
    label = "EC2 Subnet"
    gone = ("InvalidSubnetID.NotFound",)
    args = frozen(
        emulated(
            "vpc_id",
            "cidr_block",
            "availability_zone",
            "availability_zone_id",
            "map_public_ip_on_launch",
            "assign_ipv6_address_on_creation",
        )
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").create_subnet(
            VpcId=new["vpc_id"],
            CidrBlock=new["cidr_block"],
            **given(
                AvailabilityZone=new["availability_zone"],
                AvailabilityZoneId=new["availability_zone_id"],
                TagSpecifications=tag_specification("subnet", new["tags_all"]),
            ),
        )
        return str(answer["Subnet"]["SubnetId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["map_public_ip_on_launch"]:
            self._set_public(place, new)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        if "map_public_ip_on_launch" in changed:
            self._set_public(place, new)

    def _set_public(self, place: Place, new: Values) -> None:
        wanted = {"Value": new["map_public_ip_on_launch"]}
        place.client("ec2").modify_subnet_attribute(SubnetId=new["id"], MapPublicIpOnLaunch=wanted)

    @override
    def read(self, place: Place, state: Values) -> Values:
        subnet = place.client("ec2").describe_subnets(SubnetIds=[state["id"]])["Subnets"][0]
        return {
            "arn": place.arn("ec2", f"subnet/{state['id']}"),
            "owner_id": place.account,
            "vpc_id": subnet["VpcId"],
            "cidr_block": subnet["CidrBlock"],
            "availability_zone": subnet["AvailabilityZone"],
            "availability_zone_id": subnet.get("AvailabilityZoneId"),
            "map_public_ip_on_launch": subnet["MapPublicIpOnLaunch"],
            "assign_ipv6_address_on_creation": subnet.get("AssignIpv6AddressOnCreation"),
            "tags_all": from_pairs(subnet.get("Tags")),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_subnet(SubnetId=state["id"])


class InternetGateway(Ec2):
    """aws_internet_gateway."""

    type = "aws_internet_gateway"
    label = "EC2 Internet Gateway"
    gone = ("InvalidInternetGatewayID.NotFound",)
    args = frozen(emulated("vpc_id"))

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = tag_specification("internet-gateway", new["tags_all"])
        answer = place.client("ec2").create_internet_gateway(**given(TagSpecifications=tags))
        return str(answer["InternetGateway"]["InternetGatewayId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["vpc_id"]:
            place.client("ec2").attach_internet_gateway(InternetGatewayId=new["id"], VpcId=new["vpc_id"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._detach(place, state)
        self.complete(place, new)

    @override
    def read(self, place: Place, state: Values) -> Values:
        answer = place.client("ec2").describe_internet_gateways(InternetGatewayIds=[state["id"]])
        gateway = answer["InternetGateways"][0]
        attachment = only(gateway.get("Attachments", [])) or {}
        return {
            "arn": place.arn("ec2", f"internet-gateway/{state['id']}"),
            "owner_id": place.account,
            "vpc_id": attachment.get("VpcId", ""),
            "tags_all": from_pairs(gateway.get("Tags")),
        }

    def _detach(self, place: Place, state: Values) -> None:
        if state["vpc_id"]:
            place.client("ec2").detach_internet_gateway(InternetGatewayId=state["id"], VpcId=state["vpc_id"])

    @override
    def delete(self, place: Place, state: Values) -> None:
        self._detach(place, state)
        place.client("ec2").delete_internet_gateway(InternetGatewayId=state["id"])


class Eip(Ec2):
    """aws_eip. Association and interface made by a NAT gateway are not shown, because they are not drift."""

    type = "aws_eip"
    label = "EC2 EIP"
    gone = ("InvalidAllocationID.NotFound",)
    args = frozen(emulated("domain"))

    @override
    def create(self, place: Place, new: Values) -> str:
        tags = tag_specification("elastic-ip", new["tags_all"])
        answer = place.client("ec2").allocate_address(Domain=new["domain"] or "vpc", **given(TagSpecifications=tags))
        return str(answer["AllocationId"])

    @override
    def read(self, place: Place, state: Values) -> Values:
        address = place.client("ec2").describe_addresses(AllocationIds=[state["id"]])["Addresses"][0]
        public = address["PublicIp"]
        return {
            "arn": place.arn("ec2", f"elastic-ip/{state['id']}"),
            "allocation_id": state["id"],
            "domain": address["Domain"],
            "public_ip": public,
            "public_dns": f"ec2-{public.replace('.', '-')}.{place.region}.compute.amazonaws.com",
            "tags_all": from_pairs(address.get("Tags")),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").release_address(AllocationId=state["id"])


# Attributes of the addresses of a gateway for a whole region, which moto does not have.
_REGIONAL = (
    *("allocation_id", "association_id", "availability_zone", "availability_zone_id"),
    *("network_interface_id", "public_ip", "status"),
)


class NatGateway(Ec2):
    """aws_nat_gateway."""

    type = "aws_nat_gateway"
    label = "EC2 NAT Gateway"
    gone = ("NatGatewayNotFound",)
    args = frozen(emulated("subnet_id", "allocation_id", "connectivity_type", "private_ip", "vpc_id"))
    reads = frozen({"regional_nat_gateway_address": f"set(object({','.join(f'{n}=string' for n in _REGIONAL)}))"})

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").create_nat_gateway(
            SubnetId=new["subnet_id"],
            ConnectivityType=new["connectivity_type"],
            **given(
                AllocationId=new["allocation_id"],
                TagSpecifications=tag_specification("natgateway", new["tags_all"]),
            ),
        )
        return str(answer["NatGateway"]["NatGatewayId"])

    @override
    def complete(self, place: Place, new: Values) -> None:
        identity = new["id"]
        wait_until(lambda: self._state(place, identity) == "available", f"{identity} is available")

    def _state(self, place: Place, identity: str) -> str:
        gateway = only(place.client("ec2").describe_nat_gateways(NatGatewayIds=[identity])["NatGateways"])
        return str(gateway["State"]) if gateway else "deleted"

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        gateway = only(place.client("ec2").describe_nat_gateways(NatGatewayIds=[state["id"]])["NatGateways"])
        if gateway is None or gateway["State"] in ("deleting", "deleted"):
            return None
        address = only(gateway.get("NatGatewayAddresses", [])) or {}
        return {
            "subnet_id": gateway["SubnetId"],
            "vpc_id": gateway["VpcId"],
            "connectivity_type": gateway.get("ConnectivityType"),
            "allocation_id": address.get("AllocationId"),
            "association_id": address.get("AssociationId"),
            "network_interface_id": address.get("NetworkInterfaceId"),
            "private_ip": address.get("PrivateIp"),
            "public_ip": address.get("PublicIp"),
            "regional_nat_gateway_address": [],
            "tags_all": from_pairs(gateway.get("Tags")),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        identity = state["id"]
        place.client("ec2").delete_nat_gateway(NatGatewayId=identity)
        wait_until(lambda: self._state(place, identity) == "deleted", f"{identity} is deleted")


RESOURCES: tuple[type[Resource], ...] = (Vpc, Subnet, InternetGateway, Eip, NatGateway)
