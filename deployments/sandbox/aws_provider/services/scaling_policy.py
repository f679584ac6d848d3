"""Scaling policies: when an auto scaling group grows and shrinks."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Shape, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given, only
from deployments.sandbox.aws_provider.services.words import from_api, to_api
from deployments.sandbox.aws_provider.values import Values

_NAMES = {
    "adjustment_type": "AdjustmentType",
    "cooldown": "Cooldown",
    "estimated_instance_warmup": "EstimatedInstanceWarmup",
    "metric_aggregation_type": "MetricAggregationType",
    "min_adjustment_magnitude": "MinAdjustmentMagnitude",
    "policy_type": "PolicyType",
    "scaling_adjustment": "ScalingAdjustment",
}


class Policy(Resource):
    """aws_autoscaling_policy. Putting a policy replaces it as a whole."""

    type = "aws_autoscaling_policy"
    service = "autoscaling"
    label = "Auto Scaling Policy"
    args = frozen(
        emulated(
            "name",
            "autoscaling_group_name",
            "adjustment_type",
            "cooldown",
            "enabled",
            "estimated_instance_warmup",
            "metric_aggregation_type",
            "min_adjustment_magnitude",
            "policy_type",
            "scaling_adjustment",
            "target_tracking_configuration.disable_scale_in",
            "target_tracking_configuration.target_value",
            "target_tracking_configuration.predefined_metric_specification.*",
            "target_tracking_configuration.customized_metric_specification.metric_name",
            "target_tracking_configuration.customized_metric_specification.namespace",
            "target_tracking_configuration.customized_metric_specification.statistic",
            "target_tracking_configuration.customized_metric_specification.unit",
            "target_tracking_configuration.customized_metric_specification.metric_dimension.*",
        )
    )

    _ODD = frozen({"metric_dimension": "Dimensions"})

    @property
    def _tracking(self) -> Shape:
        return self.shape.blocks["target_tracking_configuration"].shape

    @override
    def create(self, place: Place, new: Values) -> str:
        self._put(place, new)
        return str(new["name"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._put(place, new)

    def _put(self, place: Place, new: Values) -> None:
        tracking = [to_api(self._tracking, each, self._ODD) for each in new["target_tracking_configuration"]]
        place.client("autoscaling").put_scaling_policy(
            AutoScalingGroupName=new["autoscaling_group_name"],
            PolicyName=new["name"],
            **given(
                TargetTrackingConfiguration=only(tracking),
                **{api: _whole(new[name]) for name, api in _NAMES.items()},
            ),
        )

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        answer = place.client("autoscaling").describe_policies(
            PolicyNames=[state["name"]], **given(AutoScalingGroupName=state["autoscaling_group_name"])
        )
        policy = only(answer["ScalingPolicies"])
        return policy and self._shown(policy)

    def _shown(self, policy: Any) -> Values:
        tracking = policy.get("TargetTrackingConfiguration")
        return {name: policy[api] for name, api in _NAMES.items() if api in policy} | {
            "arn": policy["PolicyARN"],
            "autoscaling_group_name": policy["AutoScalingGroupName"],
            "target_tracking_configuration": [from_api(self._tracking, tracking, self._ODD)] if tracking else [],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        group = state["autoscaling_group_name"]
        place.client("autoscaling").delete_policy(AutoScalingGroupName=group, PolicyName=state["name"])


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


RESOURCES: tuple[type[Resource], ...] = (Policy,)
