"""Listeners: what a load balancer does with requests to a port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.elb import Elb
from deployments.sandbox.aws_provider.services.words import to_api
from deployments.sandbox.aws_provider.tags import as_pairs
from deployments.sandbox.aws_provider.values import Values

ODD: Mapping[str, str] = {"duration": "DurationSeconds", "arn": "TargetGroupArn"}

ACTION = (
    "type",
    "order",
    "target_group_arn",
    "fixed_response.*",
    "forward.stickiness.*",
    "forward.target_group.*",
    "redirect.*",
)
"""The arguments that an action of a listener or of a listener rule may have."""


class Listener(Elb):
    """aws_lb_listener."""

    type = "aws_lb_listener"
    label = "ELBv2 Listener"
    gone = ("ListenerNotFound", "LoadBalancerNotFound")
    args = frozen(
        {
            **emulated("alpn_policy", "certificate_arn", "load_balancer_arn", "port", "protocol", "ssl_policy"),
            **emulated(*(f"default_action.{path}" for path in ACTION)),
        }
    )

    follows = frozen({"protocol": ("ssl_policy",)})

    def _wanted(self, new: Values) -> dict[str, Any]:
        shape = self.shape.blocks["default_action"].shape
        certificates = [{"CertificateArn": new["certificate_arn"]}] if new["certificate_arn"] else []
        return given(
            Port=int(new["port"]) if new["port"] else None,
            Protocol=new["protocol"] or ("HTTP" if ":loadbalancer/app/" in new["load_balancer_arn"] else None),
            SslPolicy=new["ssl_policy"],
            Certificates=certificates,
            DefaultActions=[action(to_api(shape, each, ODD)) for each in new["default_action"]],
        )

    @override
    def create(self, place: Place, new: Values) -> str:
        answer = place.client("elbv2").create_listener(
            LoadBalancerArn=new["load_balancer_arn"], **self._wanted(new), **given(Tags=as_pairs(new["tags_all"]))
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        place.client("elbv2").modify_listener(ListenerArn=state["id"], **self._wanted(new))

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("elbv2").describe_listeners(ListenerArns=[state["id"]])["Listeners"][0]
        certificates = found.get("Certificates") or [{}]
        actions = found["DefaultActions"]
        return {
            "arn": state["id"],
            "load_balancer_arn": found["LoadBalancerArn"],
            "port": found.get("Port"),
            "protocol": found.get("Protocol"),
            "ssl_policy": found.get("SslPolicy"),
            "certificate_arn": certificates[0].get("CertificateArn"),
            "default_action": [found_action(each, number) for number, each in enumerate(actions, 1)],
            "tags_all": self.tags_of(place, state["id"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("elbv2").delete_listener(ListenerArn=state["id"])


def action(asked: dict[str, Any]) -> dict[str, Any]:
    """Convert an action to the API's names, in which target groups and stickiness are part of ForwardConfig."""
    kinds = {"FixedResponse": "FixedResponseConfig", "Redirect": "RedirectConfig", "Forward": "ForwardConfig"}
    action = {kinds.get(name, name): value for name, value in asked.items()}
    forward = action.get("ForwardConfig")
    if forward:
        stickiness = {"TargetGroupStickinessConfig": forward["Stickiness"]} if "Stickiness" in forward else {}
        action["ForwardConfig"] = {"TargetGroups": forward["TargetGroup"], **stickiness}
    return action


def found_action(found: Any, number: int) -> Values:
    """Convert an action of a response to Terraform's names. `number` is its order if the response has none."""
    kind = found["Type"]
    return {
        "type": kind,
        "order": found.get("Order") or number,
        "target_group_arn": found.get("TargetGroupArn"),
        "fixed_response": _named(found.get("FixedResponseConfig"), "content_type message_body status_code"),
        "redirect": _named(found.get("RedirectConfig"), "host path port protocol query status_code"),
        "forward": _forward(found) if "TargetGroupArn" not in found else [],
    }


def _named(found: Any, names: str) -> list[Values]:
    if not found:
        return []
    return [{name: found.get("".join(part.capitalize() for part in name.split("_"))) for name in names.split()}]


def _forward(found: Any) -> list[Values]:
    forward = found.get("ForwardConfig")
    if not forward:
        return []
    stickiness = forward.get("TargetGroupStickinessConfig") or {}
    shown = {"enabled": stickiness.get("Enabled", False), "duration": stickiness.get("DurationSeconds")}
    groups = [{"arn": each["TargetGroupArn"], "weight": each.get("Weight", 1)} for each in forward["TargetGroups"]]
    return [{"target_group": groups, "stickiness": [shown] if stickiness.get("DurationSeconds") else []}]


RESOURCES: tuple[type[Resource], ...] = (Listener,)
