"""Auto scaling groups.

moto has no instance refresh. When one would start, the stand-in terminates the instances, so that the group starts
new ones from its launch template. moto cannot update cooldown, termination policies and capacity rebalancing either.
These keep the values that were applied.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given, only, wait_until
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.values import UNKNOWN, Values, is_known

_TRIGGERS = frozenset({"launch_template"})


class Group(Resource):
    """aws_autoscaling_group. It has no tags of its own: its `tag` blocks define the tags of its instances."""

    type = "aws_autoscaling_group"
    service = "autoscaling"
    label = "Auto Scaling Group"
    args = frozen(
        emulated(
            "name",
            "name_prefix",
            "capacity_rebalance",
            "default_cooldown",
            "desired_capacity",
            "force_delete",
            "health_check_grace_period",
            "health_check_type",
            "instance_refresh.strategy",
            "instance_refresh.triggers",
            "instance_refresh.preferences.*",
            "instance_refresh.preferences.alarm_specification.*",
            "launch_template.id",
            "launch_template.name",
            "launch_template.version",
            "max_size",
            "metrics_granularity",
            "min_size",
            "protect_from_scale_in",
            "service_linked_role_arn",
            "tag.*",
            "target_group_arns",
            "termination_policies",
            "vpc_zone_identifier",
            "wait_for_capacity_timeout",
            "wait_for_elb_capacity",
            "min_elb_capacity",
            "availability_zones",
        )
    )
    reads = frozen({"predicted_capacity": "number", "warm_pool_size": "number"})
    follows = frozen({"vpc_zone_identifier": ("availability_zones",)})

    @override
    def adjust(self, prior: Values, planned: Values, changed: frozenset[str]) -> None:
        least, most, wanted = planned["min_size"], planned["max_size"], planned["desired_capacity"]
        if is_known([least, most, wanted]) and not least <= wanted <= most:
            planned["desired_capacity"] = UNKNOWN
        if "launch_template" in changed:
            _follow_template(prior["launch_template"], planned["launch_template"])

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new)
        place.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            HealthCheckGracePeriod=int(new["health_check_grace_period"]),
            NewInstancesProtectedFromScaleIn=bool(new["protect_from_scale_in"]),
            **_sizes(new),
            **given(
                LaunchTemplate=_template(new),
                DefaultCooldown=None if new["default_cooldown"] is None else int(new["default_cooldown"]),
                CapacityRebalance=new["capacity_rebalance"],
                HealthCheckType=new["health_check_type"],
                TargetGroupARNs=new["target_group_arns"],
                TerminationPolicies=new["termination_policies"],
                VPCZoneIdentifier=",".join(sorted(new["vpc_zone_identifier"] or [])),
                AvailabilityZones=[] if new["vpc_zone_identifier"] else new["availability_zones"],
                Tags=[_tag(name, each) for each in new["tag"]],
            ),
        )
        return name

    @override
    def complete(self, place: Place, new: Values) -> None:
        timeout = str(new["wait_for_capacity_timeout"])
        if timeout not in ("0", "0s"):
            wait_until(lambda: self._at_capacity(place, new["id"]), f"{new['id']} has its capacity", 60)

    def _find(self, place: Place, name: str) -> Any:
        answer = place.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return only(answer["AutoScalingGroups"])

    def _at_capacity(self, place: Place, name: str) -> bool:
        group = self._find(place, name)
        running = [each for each in group["Instances"] if each["LifecycleState"] == "InService"]
        return bool(len(running) == group["DesiredCapacity"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        autoscaling, name = place.client("autoscaling"), state["id"]
        autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=name,
            HealthCheckGracePeriod=int(new["health_check_grace_period"]),
            NewInstancesProtectedFromScaleIn=bool(new["protect_from_scale_in"]),
            **_sizes(new),
            **given(
                LaunchTemplate=_template(new),
                HealthCheckType=new["health_check_type"],
                VPCZoneIdentifier=",".join(sorted(new["vpc_zone_identifier"] or [])),
            ),
        )
        if "target_group_arns" in changed:
            self._move_targets(place, state, new)
        if "tag" in changed:
            self._move_tags(place, state, new)
        if new["instance_refresh"] and changed & (_TRIGGERS | set(new["instance_refresh"][0]["triggers"] or [])):
            self._replace_instances(place, name)
        self.complete(place, {**new, "id": name})

    def _move_targets(self, place: Place, state: Values, new: Values) -> None:
        autoscaling, name = place.client("autoscaling"), state["id"]
        before, after = set(state["target_group_arns"] or []), set(new["target_group_arns"] or [])
        if before - after:
            gone = sorted(before - after)
            autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=gone)
        if after - before:
            more = sorted(after - before)
            autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=more)

    def _move_tags(self, place: Place, state: Values, new: Values) -> None:
        autoscaling, name = place.client("autoscaling"), state["id"]
        kept = {each["key"] for each in new["tag"]}
        dropped = [_tag(name, each) for each in state["tag"] if each["key"] not in kept]
        if dropped:
            autoscaling.delete_tags(Tags=dropped)
        if new["tag"]:
            autoscaling.create_or_update_tags(Tags=[_tag(name, each) for each in new["tag"]])

    def _replace_instances(self, place: Place, name: str) -> None:
        for instance in self._find(place, name)["Instances"]:
            place.client("autoscaling").terminate_instance_in_auto_scaling_group(
                InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=False
            )

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        group = self._find(place, state["id"])
        if group is None:
            return None
        template = group.get("LaunchTemplate")
        return {
            "arn": group["AutoScalingGroupARN"],
            "name": group["AutoScalingGroupName"],
            "availability_zones": group["AvailabilityZones"],
            # moto does not change it, so the applied value stays.
            **({"default_cooldown": group["DefaultCooldown"]} if state["default_cooldown"] is None else {}),
            "desired_capacity": group["DesiredCapacity"],
            "health_check_grace_period": group["HealthCheckGracePeriod"],
            "health_check_type": group["HealthCheckType"],
            "launch_template": [_found_template(template)] if template else [],
            "max_size": group["MaxSize"],
            "min_size": group["MinSize"],
            "predicted_capacity": 0,
            "warm_pool_size": 0,
            "protect_from_scale_in": group["NewInstancesProtectedFromScaleIn"],
            "service_linked_role_arn": group.get("ServiceLinkedRoleARN"),
            "tag": [_found_tag(each) for each in group.get("Tags", [])],
            "target_group_arns": group.get("TargetGroupARNs", []),
            "vpc_zone_identifier": [each for each in group.get("VPCZoneIdentifier", "").split(",") if each],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        autoscaling, name = place.client("autoscaling"), state["id"]
        if self._find(place, name) is None:
            return
        if not state["force_delete"]:
            nothing = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
            autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, **nothing)
            wait_until(lambda: not self._find(place, name)["Instances"], f"{name} has no instances")
        autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=bool(state["force_delete"]))
        wait_until(lambda: self._find(place, name) is None, f"{name} is deleted")


def _sizes(new: Values) -> dict[str, int]:
    sizes = {"MinSize": new["min_size"], "MaxSize": new["max_size"], "DesiredCapacity": new["desired_capacity"]}
    return {name: int(size) for name, size in sizes.items() if size is not None}


def _follow_template(prior: list[Values], planned: list[Values]) -> None:
    """Make the template's id unknown if its name changes, and the reverse, because they identify one template."""
    for before, after in zip(prior, planned, strict=False):
        same = {name for name in ("id", "name") if before[name] == after[name]}
        if len(same) == 1:
            after[same.pop()] = UNKNOWN


def _template(new: Values) -> dict[str, str]:
    if not new["launch_template"]:
        return {}
    block = new["launch_template"][0]
    named = {"LaunchTemplateId": block["id"]} if block["id"] else {"LaunchTemplateName": block["name"]}
    return {**named, "Version": block["version"] or "$Default"}


def _found_template(found: Any) -> Values:
    return {
        "id": found["LaunchTemplateId"],
        "name": found["LaunchTemplateName"],
        "version": found.get("Version", "$Default"),
    }


def _tag(group: str, tag: Values) -> dict[str, Any]:
    resource = {"ResourceId": group, "ResourceType": "auto-scaling-group"}
    return {
        **resource,
        "Key": tag["key"],
        "Value": tag["value"],
        "PropagateAtLaunch": bool(tag["propagate_at_launch"]),
    }


def _found_tag(found: Any) -> Values:
    return {
        "key": found["Key"],
        "value": found.get("Value", ""),
        "propagate_at_launch": found.get("PropagateAtLaunch", False) in (True, "true"),
    }


RESOURCES: tuple[type[Resource], ...] = (Group,)
