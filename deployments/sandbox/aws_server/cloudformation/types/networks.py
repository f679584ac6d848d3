"""Networks: VPCs, subnets, gateways, routes and their connections."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

EC2_TAGS = Call("create_tags", {"Resources": ["{id}"], "Tags": "{tags}"})


def _attribute(name: str) -> Call:
    """Return the call that changes one attribute of a VPC. The API changes only one at a time."""
    return Call("modify_vpc_attribute", {"VpcId": "{id}", name: {"Value": f"{{{name}}}"}}, of=(name,))


TYPES = {
    "AWS::EC2::VPC": ServiceKind(
        service="ec2",
        making=Call("create_vpc", found="Vpc"),
        id="VpcId",
        reading=Call("describe_vpcs", {"VpcIds": ["{id}"]}, found="Vpcs[0]"),
        changing=(_attribute("EnableDnsSupport"), _attribute("EnableDnsHostnames")),
        dropping=Call("delete_vpc", {"VpcId": "{id}"}),
        gives={
            "VpcId": "VpcId",
            "CidrBlock": "CidrBlock",
            "CidrBlockAssociations": "CidrBlockAssociationSet[].AssociationId",
        },
        more={
            "DefaultSecurityGroup": Call(
                "describe_security_groups",
                {"Filters": [{"Name": "vpc-id", "Values": ["{id}"]}, {"Name": "group-name", "Values": ["default"]}]},
                found="SecurityGroups[0].GroupId",
            ),
            "DefaultNetworkAcl": Call(
                "describe_network_acls",
                {"Filters": [{"Name": "vpc-id", "Values": ["{id}"]}, {"Name": "default", "Values": ["true"]}]},
                found="NetworkAcls[0].NetworkAclId",
            ),
        },
        tagging=EC2_TAGS,
        unset={"EnableDnsSupport": True, "EnableDnsHostnames": False},
    ),
    "AWS::EC2::Subnet": ServiceKind(
        service="ec2",
        making=Call("create_subnet", found="Subnet"),
        id="SubnetId",
        reading=Call("describe_subnets", {"SubnetIds": ["{id}"]}, found="Subnets[0]"),
        changing=(
            Call(
                "modify_subnet_attribute",
                {"SubnetId": "{id}", "MapPublicIpOnLaunch": {"Value": "{MapPublicIpOnLaunch}"}},
                of=("MapPublicIpOnLaunch",),
            ),
        ),
        dropping=Call("delete_subnet", {"SubnetId": "{id}"}),
        gives={
            "SubnetId": "SubnetId",
            "VpcId": "VpcId",
            "AvailabilityZone": "AvailabilityZone",
            "CidrBlock": "CidrBlock",
        },
        tagging=EC2_TAGS,
        unset={"MapPublicIpOnLaunch": False},
    ),
    "AWS::EC2::InternetGateway": ServiceKind(
        service="ec2",
        making=Call("create_internet_gateway", found="InternetGateway"),
        id="InternetGatewayId",
        reading=Call("describe_internet_gateways", {"InternetGatewayIds": ["{id}"]}, found="InternetGateways[0]"),
        dropping=Call("delete_internet_gateway", {"InternetGatewayId": "{id}"}),
        gives={"InternetGatewayId": "InternetGatewayId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::VPCGatewayAttachment": ServiceKind(
        service="ec2",
        making=Call("attach_internet_gateway"),
        id="IGW|{VpcId}",
        reading=Call(
            "describe_internet_gateways",
            {"InternetGatewayIds": ["{InternetGatewayId}"]},
            found="InternetGateways[0].Attachments[0]",
        ),
        dropping=Call("detach_internet_gateway", {"InternetGatewayId": "{InternetGatewayId}", "VpcId": "{VpcId}"}),
    ),
    "AWS::EC2::RouteTable": ServiceKind(
        service="ec2",
        making=Call("create_route_table", found="RouteTable"),
        id="RouteTableId",
        reading=Call("describe_route_tables", {"RouteTableIds": ["{id}"]}, found="RouteTables[0]"),
        dropping=Call("delete_route_table", {"RouteTableId": "{id}"}),
        gives={"RouteTableId": "RouteTableId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::Route": ServiceKind(
        service="ec2",
        making=Call("create_route"),
        id="{RouteTableId}|{DestinationCidrBlock}",
        reading=Call(
            "describe_route_tables",
            {"RouteTableIds": ["{RouteTableId}"]},
            found="RouteTables[0].Routes[?DestinationCidrBlock=='{DestinationCidrBlock}'] | [0]",
        ),
        changing=(
            Call(
                "replace_route",
                {"RouteTableId": "{RouteTableId}", "DestinationCidrBlock": "{DestinationCidrBlock}"},
            ),
        ),
        dropping=Call(
            "delete_route", {"RouteTableId": "{RouteTableId}", "DestinationCidrBlock": "{DestinationCidrBlock}"}
        ),
        gives={"CidrBlock": "DestinationCidrBlock"},
    ),
    "AWS::EC2::SubnetRouteTableAssociation": ServiceKind(
        service="ec2",
        making=Call("associate_route_table"),
        id="AssociationId",
        reading=Call(
            "describe_route_tables",
            {"RouteTableIds": ["{RouteTableId}"]},
            found="RouteTables[0].Associations[?RouteTableAssociationId=='{id}'] | [0]",
        ),
        dropping=Call("disassociate_route_table", {"AssociationId": "{id}"}),
        gives={"Id": "RouteTableAssociationId"},
    ),
    "AWS::EC2::NatGateway": ServiceKind(
        service="ec2",
        making=Call("create_nat_gateway", found="NatGateway"),
        id="NatGatewayId",
        reading=Call(
            "describe_nat_gateways", {"NatGatewayIds": ["{id}"]}, found="NatGateways[?State!='deleted'] | [0]"
        ),
        dropping=Call("delete_nat_gateway", {"NatGatewayId": "{id}"}),
        gives={"NatGatewayId": "NatGatewayId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::DHCPOptions": ServiceKind(
        service="ec2",
        making=Call(
            "create_dhcp_options",
            {
                "DhcpConfigurations": [
                    {"Key": "domain-name", "Values": ["{DomainName}"]},
                    {"Key": "domain-name-servers", "Values": "{DomainNameServers}"},
                ]
            },
        ),
        id="DhcpOptions.DhcpOptionsId",
        reading=Call("describe_dhcp_options", {"DhcpOptionsIds": ["{id}"]}, found="DhcpOptions[0]"),
        dropping=Call("delete_dhcp_options", {"DhcpOptionsId": "{id}"}),
        gives={"DhcpOptionsId": "DhcpOptionsId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::VPCDHCPOptionsAssociation": ServiceKind(
        service="ec2",
        making=Call("associate_dhcp_options"),
        id="{DhcpOptionsId}|{VpcId}",
        reading=Call("describe_vpcs", {"VpcIds": ["{VpcId}"]}, found="Vpcs[?DhcpOptionsId=='{DhcpOptionsId}'] | [0]"),
        changing=(Call("associate_dhcp_options", {"VpcId": "{VpcId}"}),),
        dropping=Call("associate_dhcp_options", {"DhcpOptionsId": "default", "VpcId": "{VpcId}"}),
    ),
    "AWS::EC2::FlowLog": ServiceKind(
        service="ec2",
        making=Call("create_flow_logs", {"ResourceIds": ["{ResourceId}"]}),
        id="FlowLogIds[0]",
        reading=Call("describe_flow_logs", {"FlowLogIds": ["{id}"]}, found="FlowLogs[0]"),
        dropping=Call("delete_flow_logs", {"FlowLogIds": ["{id}"]}),
        gives={"Id": "FlowLogId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::VPCPeeringConnection": ServiceKind(
        service="ec2",
        making=Call("create_vpc_peering_connection", found="VpcPeeringConnection"),
        id="VpcPeeringConnectionId",
        reading=Call(
            "describe_vpc_peering_connections",
            {"VpcPeeringConnectionIds": ["{id}"]},
            found="VpcPeeringConnections[?Status.Code!='deleted'] | [0]",
        ),
        dropping=Call("delete_vpc_peering_connection", {"VpcPeeringConnectionId": "{id}"}),
        gives={"Id": "VpcPeeringConnectionId"},
        tagging=EC2_TAGS,
        ignored=frozenset({"PeerRoleArn"}),
    ),
    "AWS::EC2::VPCEndpoint": ServiceKind(
        service="ec2",
        making=Call("create_vpc_endpoint", {"VpcEndpointType": "{VpcEndpointType}"}, found="VpcEndpoint"),
        id="VpcEndpointId",
        reading=Call(
            "describe_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}, found="VpcEndpoints[?State!='deleted'] | [0]"
        ),
        changing=(Call("modify_vpc_endpoint", {"VpcEndpointId": "{id}"}, of=("PolicyDocument",)),),
        defaults={"VpcEndpointType": "Gateway"},
        dropping=Call("delete_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
        gives={"Id": "VpcEndpointId", "DnsEntries": "DnsEntries[].join(':', [HostedZoneId || '', DnsName || ''])"},
        tagging=EC2_TAGS,
    ),
}
