"""EC2 instances, as far as a few individual ones need it. Fleets are auto scaling groups."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, only, tag_specification, wait_until
from deployments.sandbox.aws_provider.services.words import from_api, to_api
from deployments.sandbox.aws_provider.tags import from_pairs
from deployments.sandbox.aws_provider.values import Values

_FIXED = Arg(fixed=True)
_GONE = ("shutting-down", "terminated")


class Instance(Ec2):
    """aws_instance. Of a root volume, moto stores only size, type and encryption."""

    type = "aws_instance"
    label = "EC2 Instance"
    gone = ("InvalidInstanceID.NotFound",)
    args = frozen(
        {
            **emulated(
                "ami",
                "associate_public_ip_address",
                "availability_zone",
                "disable_api_termination",
                "ebs_optimized",
                "metadata_options.http_endpoint",
                "metadata_options.http_protocol_ipv6",
                "metadata_options.http_put_response_hop_limit",
                "metadata_options.http_tokens",
                "metadata_options.instance_metadata_tags",
                "private_ip",
                "root_block_device.encrypted",
                "source_dest_check",
                "subnet_id",
            ),
            "iam_instance_profile": _FIXED,
            "instance_type": _FIXED,
            "monitoring": _FIXED,
            "root_block_device.delete_on_termination": Arg(fixed=True),
            "root_block_device.volume_size": _FIXED,
            "root_block_device.volume_type": _FIXED,
            "vpc_security_group_ids": Arg(empty_is_unset=True),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("ec2").run_instances(MinCount=1, MaxCount=1, **self._asked(place, new))
        return str(answer["Instances"][0]["InstanceId"])

    def _asked(self, place: Place, new: Values) -> dict[str, Any]:
        root = [
            {"DeviceName": self._root_device(place, new["ami"]), "Ebs": to_api(self._root, device)}
            for device in new["root_block_device"]
        ]
        return given(
            ImageId=new["ami"],
            InstanceType=new["instance_type"],
            IamInstanceProfile=given(Name=new["iam_instance_profile"]),
            EbsOptimized=new["ebs_optimized"],
            Monitoring=given(Enabled=new["monitoring"]),
            MetadataOptions=to_api(self._metadata, (new["metadata_options"] or [{}])[0]),
            BlockDeviceMappings=root,
            DisableApiTermination=new["disable_api_termination"],
            TagSpecifications=tag_specification("instance", new["tags_all"]),
            **self._network(new),
        )

    def _network(self, new: Values) -> dict[str, Any]:
        """Return the network arguments, with a network interface only if a public address is set explicitly."""
        public, groups = new["associate_public_ip_address"], new["vpc_security_group_ids"]
        where = given(SubnetId=new["subnet_id"], PrivateIpAddress=new["private_ip"])
        if public is None:
            return where | given(SecurityGroupIds=groups)
        interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": public}
        return {"NetworkInterfaces": [interface | where | given(Groups=groups)]}

    @override
    def complete(self, place: Place, new: Values) -> None:
        if not new["source_dest_check"]:
            self._check_addresses(place, new)
        wait_until(lambda: self._state(place, new["id"]) == "running", f"instance {new['id']} runs")

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        found = self._found(place, state["id"])
        if found is None or found["State"]["Name"] in _GONE:
            return None
        profile = (found.get("IamInstanceProfile") or {}).get("Arn", "")
        return {
            "ami": found["ImageId"],
            "arn": place.arn("ec2", f"instance/{state['id']}"),
            "associate_public_ip_address": bool(found.get("PublicIpAddress")),
            "availability_zone": found["Placement"]["AvailabilityZone"],
            "disable_api_termination": self._is_kept(place, state["id"]),
            "ebs_optimized": found.get("EbsOptimized", False),
            "iam_instance_profile": profile.rpartition("/")[2] or None,
            "instance_state": found["State"]["Name"],
            "instance_type": found["InstanceType"],
            "metadata_options": [from_api(self._metadata, found.get("MetadataOptions") or {})],
            "monitoring": found["Monitoring"]["State"] == "enabled",
            "primary_network_interface_id": found["NetworkInterfaces"][0]["NetworkInterfaceId"],
            "private_dns": found.get("PrivateDnsName"),
            "private_ip": found["PrivateIpAddress"],
            "public_dns": found.get("PublicDnsName"),
            "public_ip": found.get("PublicIpAddress"),
            "root_block_device": self._root_of(place, found),
            "source_dest_check": found.get("SourceDestCheck", True),
            "subnet_id": found["SubnetId"],
            "tags_all": from_pairs(found.get("Tags")),
            "vpc_security_group_ids": [group["GroupId"] for group in found["SecurityGroups"]],
        }

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        ec2, identity = place.client("ec2"), state["id"]
        if "vpc_security_group_ids" in changed:
            ec2.modify_instance_attribute(InstanceId=identity, Groups=new["vpc_security_group_ids"])
        if "disable_api_termination" in changed:
            kept = {"Value": bool(new["disable_api_termination"])}
            ec2.modify_instance_attribute(InstanceId=identity, DisableApiTermination=kept)
        if "source_dest_check" in changed:
            self._check_addresses(place, new)
        if "metadata_options" in changed:
            ec2.modify_instance_metadata_options(
                InstanceId=identity, **to_api(self._metadata, new["metadata_options"][0])
            )

    def _check_addresses(self, place: Place, new: Values) -> None:
        checked = {"Value": bool(new["source_dest_check"])}
        place.client("ec2").modify_instance_attribute(InstanceId=new["id"], SourceDestCheck=checked)

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").terminate_instances(InstanceIds=[state["id"]])
        wait_until(lambda: self._state(place, state["id"]) in (None, "terminated"), f"{state['id']} is terminated")

    @property
    def _root(self) -> Any:
        return self.shape.blocks["root_block_device"].shape

    @property
    def _metadata(self) -> Any:
        return self.shape.blocks["metadata_options"].shape

    def _found(self, place: Place, identity: str) -> Any:
        answer = place.client("ec2").describe_instances(InstanceIds=[identity])["Reservations"]
        return only([instance for reservation in answer for instance in reservation["Instances"]])

    def _state(self, place: Place, identity: str) -> str | None:
        found = self._found(place, identity)
        return found["State"]["Name"] if found else None

    def _is_kept(self, place: Place, identity: str) -> bool:
        asked = {"InstanceId": identity, "Attribute": "disableApiTermination"}
        return bool(place.client("ec2").describe_instance_attribute(**asked)["DisableApiTermination"].get("Value"))

    def _root_device(self, place: Place, image: str) -> str:
        found = place.client("ec2").describe_images(ImageIds=[image])["Images"]
        return str(found[0]["RootDeviceName"]) if found else "/dev/xvda"

    def _root_of(self, place: Place, found: Any) -> list[Values]:
        mappings = {each["DeviceName"]: each["Ebs"] for each in found["BlockDeviceMappings"]}
        device = mappings.get(found.get("RootDeviceName")) or only(list(mappings.values()))
        if device is None:
            return []
        volume = place.client("ec2").describe_volumes(VolumeIds=[device["VolumeId"]])["Volumes"][0]
        return [
            {
                "delete_on_termination": device.get("DeleteOnTermination", True),
                "encrypted": volume["Encrypted"],
                "volume_size": volume["Size"],
                "volume_type": volume["VolumeType"],
            }
        ]


RESOURCES: tuple[type[Resource], ...] = (Instance,)
