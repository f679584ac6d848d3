"""Addresses and interfaces: elastic IPs, network interfaces, endpoint services."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind
from deployments.sandbox.aws_server.cloudformation.types.networks import EC2_TAGS

TYPES = {
    "AWS::EC2::EIP": ServiceKind(
        service="ec2",
        making=Call("allocate_address"),
        id="PublicIp",
        reading=Call("describe_addresses", {"PublicIps": ["{id}"]}, found="Addresses[0]"),
        changing=(
            Call(
                "associate_address",
                {"InstanceId": "{InstanceId}", "AllocationId": "{AllocationId}"},
                of=("InstanceId",),
            ),
        ),
        dropping=Call("release_address", {"AllocationId": "{AllocationId}"}),
        gives={"AllocationId": "AllocationId", "PublicIp": "PublicIp"},
        tagging=Call("create_tags", {"Resources": ["{AllocationId}"], "Tags": "{tags}"}),
    ),
    "AWS::EC2::EIPAssociation": ServiceKind(
        service="ec2",
        making=Call("associate_address"),
        id="AssociationId",
        reading=Call(
            "describe_addresses",
            {"Filters": [{"Name": "association-id", "Values": ["{id}"]}]},
            found="Addresses[0]",
        ),
        dropping=Call("disassociate_address", {"AssociationId": "{id}"}),
        gives={"Id": "AssociationId"},
        names={"EIP": "PublicIp"},
    ),
    "AWS::EC2::NetworkInterface": ServiceKind(
        service="ec2",
        making=Call("create_network_interface", found="NetworkInterface"),
        id="NetworkInterfaceId",
        reading=Call("describe_network_interfaces", {"NetworkInterfaceIds": ["{id}"]}, found="NetworkInterfaces[0]"),
        changing=(
            Call(
                "modify_network_interface_attribute",
                {"NetworkInterfaceId": "{id}", "SourceDestCheck": {"Value": "{SourceDestCheck}"}},
                of=("SourceDestCheck",),
            ),
        ),
        dropping=Call("delete_network_interface", {"NetworkInterfaceId": "{id}"}),
        gives={
            "Id": "NetworkInterfaceId",
            "PrimaryPrivateIpAddress": "PrivateIpAddress",
            "SecondaryPrivateIpAddresses": "PrivateIpAddresses[?Primary==`false`].PrivateIpAddress",
            "VpcId": "VpcId",
        },
        names={"GroupSet": "Groups"},
        tagging=EC2_TAGS,
        unset={"SourceDestCheck": True},
    ),
    "AWS::EC2::VPCEndpointService": ServiceKind(
        service="ec2",
        making=Call("create_vpc_endpoint_service_configuration", found="ServiceConfiguration"),
        id="ServiceId",
        reading=Call(
            "describe_vpc_endpoint_service_configurations",
            {"ServiceIds": ["{id}"]},
            found="ServiceConfigurations[0]",
        ),
        changing=(
            Call("modify_vpc_endpoint_service_configuration", {"ServiceId": "{id}"}, of=("AcceptanceRequired",)),
        ),
        dropping=Call("delete_vpc_endpoint_service_configurations", {"ServiceIds": ["{id}"]}),
        gives={"ServiceId": "ServiceId"},
        tagging=EC2_TAGS,
        unset={"AcceptanceRequired": False},
    ),
    "AWS::EC2::VPCEndpointServicePermissions": ServiceKind(
        service="ec2",
        making=Call(
            "modify_vpc_endpoint_service_permissions",
            {"ServiceId": "{ServiceId}", "AddAllowedPrincipals": "{AllowedPrincipals}"},
        ),
        id="{ServiceId}",
        reading=Call(
            "describe_vpc_endpoint_service_permissions",
            {"ServiceId": "{ServiceId}"},
            found="{AllowedPrincipals: AllowedPrincipals[].Principal}",
        ),
        dropping=Call(
            "modify_vpc_endpoint_service_permissions",
            {"ServiceId": "{ServiceId}", "RemoveAllowedPrincipals": "{AllowedPrincipals}"},
        ),
    ),
}
