"""Instances, volumes, launch templates and auto scaling."""

from __future__ import annotations

from deployments.sandbox.aws_server.cloudformation.calls import Call
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.services import ServiceKind
from deployments.sandbox.aws_server.cloudformation.types.networks import EC2_TAGS


class Instance(ServiceKind):
    """AWS::EC2::Instance. The sandbox's instances have no instance store, so its volumes are left out."""

    def unknown(self, p: Properties) -> list[str]:
        """Return also volumes with provisioned IOPS, which moto creates only as separate volumes."""
        devices = p.get("BlockDeviceMappings") or ()
        kinds = {device.get("Ebs", {}).get("VolumeType") for device in devices if device != LATER} & {"io1", "io2"}
        return [*super().unknown(p), *(f"BlockDeviceMappings/Ebs/VolumeType={kind}" for kind in sorted(kinds))]

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties without block devices that are not EBS volumes."""
        if "BlockDeviceMappings" not in p:
            return p
        return {**p, "BlockDeviceMappings": [device for device in p["BlockDeviceMappings"] if "Ebs" in device]}


def _of_instance(name: str, value: object) -> Call:
    """Return the call that changes one attribute of an instance. The API changes only one at a time."""
    argument = "Groups" if name == "SecurityGroupIds" else name
    return Call("modify_instance_attribute", {"InstanceId": "{id}", argument: value}, of=(name,))


_GROUP = {"AutoScalingGroupName": "{AutoScalingGroupName}"}

_POLICIES = ("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")
_TARGET = {
    "ResourceId": "{ResourceId}",
    "ScalableDimension": "{ScalableDimension}",
    "ServiceNamespace": "{ServiceNamespace}",
}


class TargetPolicy(ServiceKind):
    """AWS::ApplicationAutoScaling::ScalingPolicy, which may name its target by the target's id."""

    def prepared(self, aws: Clients, p: Properties) -> Properties:
        """Return the properties with the parts of the target's id."""
        if "ScalingTargetId" not in p:
            return p
        resource, dimension, service = p["ScalingTargetId"].split("|")
        return {**p, "ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": service}


TYPES = {
    "AWS::EC2::Instance": Instance(
        service="ec2",
        making=Call(
            "run_instances",
            {"MinCount": 1, "MaxCount": 1},
            found="Instances[0]",
            when={
                "AvailabilityZone": {"Placement": {"AvailabilityZone": "{AvailabilityZone}"}},
                "Tenancy": {"Placement": {"Tenancy": "{Tenancy}"}},
                "IamInstanceProfile": {"IamInstanceProfile": {"Name": "{IamInstanceProfile}"}},
                "Monitoring": {"Monitoring": {"Enabled": "{Monitoring}"}},
                "UserData": {"UserData": "{UserData:decoded}"},
            },
        ),
        id="InstanceId",
        reading=Call(
            "describe_instances",
            {"InstanceIds": ["{id}"]},
            found="Reservations[0].Instances[?State.Name!='terminated'] | [0]",
        ),
        changing=(
            _of_instance("InstanceType", {"Value": "{InstanceType}"}),
            _of_instance("SecurityGroupIds", "{SecurityGroupIds}"),
            _of_instance("SourceDestCheck", {"Value": "{SourceDestCheck}"}),
            _of_instance("UserData", {"Value": "{UserData:decoded}"}),
        ),
        dropping=Call("terminate_instances", {"InstanceIds": ["{id}"]}),
        gives={
            "InstanceId": "InstanceId",
            "AvailabilityZone": "Placement.AvailabilityZone",
            "PrivateDnsName": "PrivateDnsName",
            "PrivateIp": "PrivateIpAddress",
            "PublicDnsName": "PublicDnsName || ''",
            "PublicIp": "PublicIpAddress || ''",
            "VpcId": "VpcId",
        },
        names={"GroupSet": "Groups"},
        tagging=EC2_TAGS,
        unset={"SourceDestCheck": True},
    ),
    "AWS::EC2::Volume": ServiceKind(
        service="ec2",
        making=Call("create_volume"),
        id="VolumeId",
        reading=Call("describe_volumes", {"VolumeIds": ["{id}"]}, found="Volumes[0]"),
        dropping=Call("delete_volume", {"VolumeId": "{id}"}),
        gives={"VolumeId": "VolumeId"},
        tagging=EC2_TAGS,
        ignored=frozenset({"AutoEnableIO"}),
    ),
    "AWS::EC2::LaunchTemplate": ServiceKind(
        service="ec2",
        making=Call("create_launch_template", found="LaunchTemplate"),
        id="LaunchTemplateId",
        reading=Call("describe_launch_templates", {"LaunchTemplateIds": ["{id}"]}, found="LaunchTemplates[0]"),
        changing=(Call("create_launch_template_version", {"LaunchTemplateId": "{id}"}, of=("LaunchTemplateData",)),),
        dropping=Call("delete_launch_template", {"LaunchTemplateId": "{id}"}),
        gives={
            "LaunchTemplateId": "LaunchTemplateId",
            "DefaultVersionNumber": "to_string(DefaultVersionNumber)",
            "LatestVersionNumber": "to_string(LatestVersionNumber)",
        },
        named=("LaunchTemplateName", 128),
        tagging=EC2_TAGS,
    ),
    "AWS::AutoScaling::LaunchConfiguration": ServiceKind(
        service="autoscaling",
        making=Call(
            "create_launch_configuration",
            when={
                "UserData": {"UserData": "{UserData:decoded}"},
                "InstanceMonitoring": {"InstanceMonitoring": {"Enabled": "{InstanceMonitoring}"}},
            },
        ),
        id="{LaunchConfigurationName}",
        reading=Call(
            "describe_launch_configurations",
            {"LaunchConfigurationNames": ["{id}"]},
            found="LaunchConfigurations[0]",
        ),
        dropping=Call("delete_launch_configuration", {"LaunchConfigurationName": "{id}"}),
        named=("LaunchConfigurationName", 255),
    ),
    "AWS::AutoScaling::AutoScalingGroup": ServiceKind(
        service="autoscaling",
        making=Call("create_auto_scaling_group"),
        id="{AutoScalingGroupName}",
        reading=Call(
            "describe_auto_scaling_groups", {"AutoScalingGroupNames": ["{id}"]}, found="AutoScalingGroups[0]"
        ),
        changing=(Call("update_auto_scaling_group", {"AutoScalingGroupName": "{id}"}),),
        dropping=Call("delete_auto_scaling_group", {"AutoScalingGroupName": "{id}", "ForceDelete": True}),
        gives={"AutoScalingGroupARN": "AutoScalingGroupARN"},
        named=("AutoScalingGroupName", 255),
        tagging=Call("create_or_update_tags", {"Tags": "{tags}"}),
        tag_form={"ResourceId": "{id}", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True},
    ),
    "AWS::AutoScaling::LifecycleHook": ServiceKind(
        service="autoscaling",
        making=Call("put_lifecycle_hook"),
        id="{LifecycleHookName}",
        reading=Call(
            "describe_lifecycle_hooks", {**_GROUP, "LifecycleHookNames": ["{id}"]}, found="LifecycleHooks[0]"
        ),
        changing=(Call("put_lifecycle_hook", {**_GROUP, "LifecycleHookName": "{id}"}),),
        dropping=Call("delete_lifecycle_hook", {**_GROUP, "LifecycleHookName": "{id}"}),
        named=("LifecycleHookName", 255),
    ),
    "AWS::AutoScaling::ScalingPolicy": ServiceKind(
        service="autoscaling",
        making=Call("put_scaling_policy"),
        id="PolicyARN",
        reading=Call(
            "describe_policies",
            {**_GROUP, "PolicyNames": ["{PolicyName}"]},
            found="ScalingPolicies[0]",
        ),
        changing=(Call("put_scaling_policy", _GROUP),),
        dropping=Call("delete_policy", {**_GROUP, "PolicyName": "{PolicyName}"}),
        gives={"Arn": "PolicyARN", "PolicyName": "PolicyName"},
        named=("PolicyName", 255),
    ),
    "AWS::AutoScaling::ScheduledAction": ServiceKind(
        service="autoscaling",
        making=Call("put_scheduled_update_group_action"),
        id="{ScheduledActionName}",
        reading=Call(
            "describe_scheduled_actions",
            {**_GROUP, "ScheduledActionNames": ["{id}"]},
            found="ScheduledUpdateGroupActions[0]",
        ),
        changing=(Call("put_scheduled_update_group_action", {**_GROUP, "ScheduledActionName": "{id}"}),),
        dropping=Call("delete_scheduled_action", {**_GROUP, "ScheduledActionName": "{id}"}),
        gives={"ScheduledActionName": "ScheduledActionName"},
        named=("ScheduledActionName", 255),
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": ServiceKind(
        service="application-autoscaling",
        making=Call("register_scalable_target"),
        id="{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
        reading=Call(
            "describe_scalable_targets",
            {"ServiceNamespace": "{ServiceNamespace}", "ResourceIds": ["{ResourceId}"]},
            found="ScalableTargets[?ScalableDimension=='{ScalableDimension}'] | [0]",
        ),
        changing=(
            Call(
                "register_scalable_target",
                {
                    "ServiceNamespace": "{ServiceNamespace}",
                    "ResourceId": "{ResourceId}",
                    "ScalableDimension": "{ScalableDimension}",
                },
            ),
        ),
        dropping=Call(
            "deregister_scalable_target",
            {
                "ServiceNamespace": "{ServiceNamespace}",
                "ResourceId": "{ResourceId}",
                "ScalableDimension": "{ScalableDimension}",
            },
        ),
        gives={"Id": "{ResourceId}|{ScalableDimension}|{ServiceNamespace}"},
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": TargetPolicy(
        service="application-autoscaling",
        making=Call("put_scaling_policy", _TARGET, of=("PolicyName", "PolicyType", *_POLICIES)),
        id="PolicyARN",
        reading=Call(
            "describe_scaling_policies",
            {"ServiceNamespace": "{ServiceNamespace}", "PolicyNames": ["{PolicyName}"]},
            found="ScalingPolicies[0]",
        ),
        changing=(Call("put_scaling_policy", {**_TARGET, "PolicyName": "{PolicyName}"}, of=_POLICIES),),
        dropping=Call("delete_scaling_policy", {**_TARGET, "PolicyName": "{PolicyName}"}),
        gives={"Arn": "PolicyARN"},
        ignored=frozenset({"ScalingTargetId"}),
    ),
}
