"""Target groups: where a load balancer sends requests, and how it checks the health of targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.elb import LONGEST_NAME, Elb, as_text, from_text, text, typed, whole
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values

_GROUP = {
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "load_balancing_algorithm_type": "load_balancing.algorithm.type",
    "load_balancing_cross_zone_enabled": "load_balancing.cross_zone.enabled",
    "slow_start": "slow_start.duration_seconds",
}


class TargetGroup(Elb):
    """aws_lb_target_group. It also shows the load balancers whose listeners use it."""

    type = "aws_lb_target_group"
    label = "ELBv2 Target Group"
    gone = ("TargetGroupNotFound",)
    args = frozen(
        {
            **emulated(
                "name",
                "name_prefix",
                "deregistration_delay",
                "health_check.enabled",
                "health_check.healthy_threshold",
                "health_check.interval",
                "health_check.matcher",
                "health_check.path",
                "health_check.port",
                "health_check.protocol",
                "health_check.timeout",
                "health_check.unhealthy_threshold",
                "ip_address_type",
                "load_balancing_algorithm_type",
                "load_balancing_cross_zone_enabled",
                "port",
                "protocol",
                "protocol_version",
                "slow_start",
                "stickiness.cookie_duration",
                "stickiness.cookie_name",
                "stickiness.enabled",
                "stickiness.type",
                "target_type",
                "vpc_id",
            ),
        }
    )
    shared = ("load_balancer_arns",)
    reads = frozen({"load_balancer_arns": "set(string)"})

    _HEALTH = frozen(
        {
            "enabled": "HealthCheckEnabled",
            "healthy_threshold": "HealthyThresholdCount",
            "interval": "HealthCheckIntervalSeconds",
            "path": "HealthCheckPath",
            "port": "HealthCheckPort",
            "protocol": "HealthCheckProtocol",
            "timeout": "HealthCheckTimeoutSeconds",
            "unhealthy_threshold": "UnhealthyThresholdCount",
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("elbv2").create_target_group(
            Name=name_for(new, "tf-", LONGEST_NAME),
            TargetType=new["target_type"],
            **self._health(new),
            **given(
                IpAddressType=new["ip_address_type"],
                Port=whole(new["port"]),
                Protocol=new["protocol"],
                ProtocolVersion=new["protocol_version"],
                VpcId=new["vpc_id"],
                Tags=as_pairs(new["tags_all"]),
            ),
        )
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def _health(self, new: Values) -> dict[str, Any]:
        if not new["health_check"]:
            return {}
        check = new["health_check"][0]
        asked = {api: whole(check[name]) for name, api in self._HEALTH.items() if check[name] not in (None, "")}
        return asked | given(Matcher=given(HttpCode=check["matcher"]))

    @override
    def complete(self, place: Place, new: Values) -> None:
        self._set(place, new["id"], as_text(new, _GROUP) | _stickiness(new))

    def _set(self, place: Place, arn: str, attributes: Mapping[str, str]) -> None:
        if attributes:
            place.client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=as_pairs(attributes))

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        if "health_check" in changed and new["health_check"]:
            place.client("elbv2").modify_target_group(TargetGroupArn=state["id"], **self._health(new))
        attributes = as_text({name: new[name] for name in changed & _GROUP.keys()}, _GROUP)
        if "stickiness" in changed:
            attributes |= _stickiness(new) or {"stickiness.enabled": "false"}
        self._set(place, state["id"], attributes)

    @override
    def read(self, place: Place, state: Values) -> Values:
        elb, arn = place.client("elbv2"), state["id"]
        found = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        attributes = from_pairs(elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
        check = {name: found[api] for name, api in self._HEALTH.items() if api in found}
        return from_text(attributes, _GROUP) | {
            "arn": arn,
            "arn_suffix": arn.rpartition(":")[2],
            "name": found["TargetGroupName"],
            "deregistration_delay": attributes.get("deregistration_delay.timeout_seconds"),
            "health_check": [check | {"matcher": found.get("Matcher", {}).get("HttpCode")}],
            "ip_address_type": found.get("IpAddressType"),
            "load_balancer_arns": found.get("LoadBalancerArns", []),
            "port": found.get("Port"),
            "protocol": found.get("Protocol"),
            "protocol_version": found.get("ProtocolVersion"),
            "stickiness": [_found_stickiness(attributes)],
            "target_type": found["TargetType"],
            "vpc_id": found.get("VpcId"),
            "tags_all": self.tags_of(place, arn),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("elbv2").delete_target_group(TargetGroupArn=state["id"])


def _stickiness(new: Values) -> dict[str, str]:
    if not new["stickiness"]:
        return {}
    block = new["stickiness"][0]
    kind = block["type"]
    cookie = {f"stickiness.{kind}.duration_seconds": block["cookie_duration"]} if kind != "source_ip" else {}
    named = {"stickiness.app_cookie.cookie_name": block["cookie_name"]} if kind == "app_cookie" else {}
    all_ = {"stickiness.enabled": block["enabled"], "stickiness.type": kind, **cookie, **named}
    return {key: text(value) for key, value in all_.items()}


def _found_stickiness(attributes: Mapping[str, str]) -> Values:
    kind = attributes.get("stickiness.type")
    return {
        "enabled": attributes.get("stickiness.enabled") == "true",
        "type": kind,
        "cookie_name": attributes.get("stickiness.app_cookie.cookie_name"),
        "cookie_duration": typed(attributes.get(f"stickiness.{kind}.duration_seconds", "86400")),
    }


RESOURCES: tuple[type[Resource], ...] = (TargetGroup,)
