"""Hosted zones of Route 53. Their records are in `records`."""

from __future__ import annotations

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind

_ZONE = {"Id": "{id}"}


class HostedZone(ServiceKind):
    """AWS::Route53::HostedZone, with at most one VPC."""

    def unknown(self, p: Properties) -> list[str]:
        """Return also a second VPC, because associating it is not emulated."""
        return [*super().unknown(p), *(["VPCs/1"] if len(p.get("VPCs") or ()) > 1 else [])]


TYPES = {
    "AWS::Route53::HostedZone": HostedZone(
        service="route53",
        making=Call(
            "create_hosted_zone",
            {"CallerReference": "{name}"},
            found="HostedZone",
            when={"VPCs": {"VPC": {"VPCRegion": "{VPCs.0.VPCRegion}", "VPCId": "{VPCs.0.VPCId}"}}},
        ),
        id="{Id:base}",
        reading=Call("get_hosted_zone", _ZONE, found="HostedZone"),
        changing=(Call("update_hosted_zone_comment", {**_ZONE, "Comment": "{HostedZoneConfig.Comment}"}, of=()),),
        dropping=Call("delete_hosted_zone", _ZONE),
        gives={"Id": "{id}"},
        more={"NameServers": Call("get_hosted_zone", _ZONE, found="DelegationSet.NameServers")},
        tagging=Call(
            "change_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": "{id}", "AddTags": "{tags}"}
        ),
        tags="HostedZoneTags",
    ),
}
