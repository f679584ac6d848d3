"""Network ACLs, their rules and the subnets that have them."""

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind
from deployments.sandbox.aws_server.cloudformation.types.networks import EC2_TAGS

_ENTRY = {
    "NetworkAclId": "{NetworkAclId}",
    "RuleNumber": "{RuleNumber}",
    "Egress": "{Egress}",
}
TYPES = {
    "AWS::EC2::NetworkAcl": ServiceKind(
        service="ec2",
        making=Call("create_network_acl", found="NetworkAcl"),
        id="NetworkAclId",
        reading=Call("describe_network_acls", {"NetworkAclIds": ["{id}"]}, found="NetworkAcls[0]"),
        dropping=Call("delete_network_acl", {"NetworkAclId": "{id}"}),
        gives={"Id": "NetworkAclId"},
        tagging=EC2_TAGS,
    ),
    "AWS::EC2::NetworkAclEntry": ServiceKind(
        service="ec2",
        making=Call("create_network_acl_entry", {"Egress": "{Egress}"}),
        id="{NetworkAclId}|{Egress}|{RuleNumber}",
        reading=Call(
            "describe_network_acls",
            {"NetworkAclIds": ["{NetworkAclId}"]},
            found="NetworkAcls[0].Entries[?RuleNumber==`{RuleNumber}` && Egress==`{Egress}`] | [0]",
        ),
        changing=(Call("replace_network_acl_entry", _ENTRY),),
        dropping=Call("delete_network_acl_entry", _ENTRY),
        names={"Icmp": "IcmpTypeCode"},
        defaults={"Egress": False},
    ),
    "AWS::EC2::SubnetNetworkAclAssociation": ServiceKind(
        service="ec2",
        first={
            "earlier": Call(
                "describe_network_acls",
                {"Filters": [{"Name": "association.subnet-id", "Values": ["{SubnetId}"]}]},
                found="NetworkAcls[].Associations[] | [?SubnetId=='{SubnetId}'] | [0]",
            )
        },
        making=Call(
            "replace_network_acl_association",
            {"AssociationId": "{earlier.NetworkAclAssociationId}", "NetworkAclId": "{NetworkAclId}"},
            of=(),
        ),
        id="NewAssociationId",
        reading=Call(
            "describe_network_acls",
            {"NetworkAclIds": ["{NetworkAclId}"]},
            found="NetworkAcls[0].Associations[?NetworkAclAssociationId=='{id}'] | [0]",
        ),
        dropping=Call(
            "replace_network_acl_association",
            {"AssociationId": "{id}", "NetworkAclId": "{earlier.NetworkAclId}"},
        ),
        gives={"AssociationId": "NetworkAclAssociationId"},
        ignored=frozenset({"SubnetId"}),
    ),
}
