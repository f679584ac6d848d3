"""EC2 launch templates. Every change of the instances' configuration creates a new version."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Shape, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, tag_specification
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.services.words import from_api, to_api
from deployments.sandbox.aws_provider.tags import as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import UNKNOWN, Values

_ODD = {
    "vpc_security_group_ids": "SecurityGroupIds",
    "security_group_names": "SecurityGroups",
    "security_groups": "Groups",
}
# Arguments that belong to the template and not to the instances started from it.
_OF_THE_TEMPLATE = frozenset(
    {"id", "region", "arn", "name", "name_prefix", "description", "default_version", "latest_version"}
    | {"update_default_version", "tags", "tags_all"}
)


class LaunchTemplate(Ec2):
    """aws_launch_template."""

    type = "aws_launch_template"
    label = "EC2 Launch Template"
    gone = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound")
    args = frozen(
        emulated(
            "name",
            "name_prefix",
            "description",
            "default_version",
            "update_default_version",
            "block_device_mappings.*",
            "block_device_mappings.ebs.*",
            "credit_specification.*",
            "disable_api_stop",
            "disable_api_termination",
            "ebs_optimized",
            "iam_instance_profile.*",
            "image_id",
            "instance_initiated_shutdown_behavior",
            "instance_type",
            "key_name",
            "metadata_options.http_endpoint",
            "metadata_options.http_protocol_ipv6",
            "metadata_options.http_put_response_hop_limit",
            "metadata_options.http_tokens",
            "metadata_options.instance_metadata_tags",
            "monitoring.enabled",
            "network_interfaces.associate_public_ip_address",
            "network_interfaces.delete_on_termination",
            "network_interfaces.description",
            "network_interfaces.device_index",
            "network_interfaces.security_groups",
            "network_interfaces.subnet_id",
            "tag_specifications.*",
            "user_data",
            "vpc_security_group_ids",
        )
    )
    reads = frozen({"latest_version": "number"})

    @property
    def _data_shape(self) -> Shape:
        fields = {n: s for n, s in self.shape.fields.items() if n not in _OF_THE_TEMPLATE and s.carried}
        blocks = {n: b for n, b in self.shape.blocks.items() if n != "tag_specifications" and b.carried}
        return Shape(fields, blocks)

    @override
    def adjust(self, prior: Values, planned: Values, changed: frozenset[str]) -> None:
        if changed - {"tags", "tags_all", "default_version", "update_default_version"}:
            planned["latest_version"] = UNKNOWN
            if planned["update_default_version"]:
                planned["default_version"] = UNKNOWN

    def _data(self, new: Values) -> dict[str, Any]:
        tags = [
            {"ResourceType": each["resource_type"], "Tags": as_pairs(each["tags"] or {})}
            for each in new["tag_specifications"]
        ]
        return to_api(self._data_shape, new, _ODD) | given(TagSpecifications=tags)

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").create_launch_template(
            LaunchTemplateName=name_for(new),
            LaunchTemplateData=self._data(new),
            **given(
                VersionDescription=new["description"],
                TagSpecifications=tag_specification("launch-template", new["tags_all"]),
            ),
        )
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        ec2, identity = place.client("ec2"), state["id"]
        version = new["default_version"]
        if changed - _OF_THE_TEMPLATE or "description" in changed:
            answer = ec2.create_launch_template_version(
                LaunchTemplateId=identity,
                LaunchTemplateData=self._data(new),
                **given(VersionDescription=new["description"]),
            )
            made = answer["LaunchTemplateVersion"]["VersionNumber"]
            version = made if new["update_default_version"] else version
        if version not in (None, state["default_version"]):
            ec2.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=str(int(version)))

    @override
    def read(self, place: Place, state: Values) -> Values:
        ec2, identity = place.client("ec2"), state["id"]
        template = ec2.describe_launch_templates(LaunchTemplateIds=[identity])["LaunchTemplates"][0]
        latest = ec2.describe_launch_template_versions(LaunchTemplateId=identity, Versions=["$Latest"])
        version = latest["LaunchTemplateVersions"][0]
        data = version["LaunchTemplateData"]
        specifications = [
            {"resource_type": each["ResourceType"], "tags": from_pairs(each.get("Tags"))}
            for each in data.get("TagSpecifications", [])
            # moto also lists the template's own tags here.
            if each["ResourceType"] != "launch-template"
        ]
        return self._shown(data) | {
            "arn": place.arn("ec2", f"launch-template/{identity}"),
            "name": template["LaunchTemplateName"],
            "description": version.get("VersionDescription"),
            "default_version": template["DefaultVersionNumber"],
            "latest_version": template["LatestVersionNumber"],
            "tag_specifications": specifications,
            "tags_all": self.tags_of(place, identity),
        }

    def _shown(self, data: Any) -> Values:
        shape = self._data_shape
        absent = dict.fromkeys(shape.fields) | {name: [] for name in shape.blocks}
        return absent | from_api(shape, data, _ODD)

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_launch_template(LaunchTemplateId=state["id"])


RESOURCES: tuple[type[Resource], ...] = (LaunchTemplate,)
