"""Listener rules, and the targets of a target group."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import given
from deployments.sandbox.aws_provider.services.elb import Elb
from deployments.sandbox.aws_provider.services.listener import ACTION, ODD, action, found_action
from deployments.sandbox.aws_provider.services.words import to_api
from deployments.sandbox.aws_provider.tags import as_pairs
from deployments.sandbox.aws_provider.values import Values

# {block of a condition: (the API's field, the API's name for the content of the block)}.
_CONDITIONS = {
    "host_header": ("host-header", "HostHeaderConfig"),
    "http_header": ("http-header", "HttpHeaderConfig"),
    "http_request_method": ("http-request-method", "HttpRequestMethodConfig"),
    "path_pattern": ("path-pattern", "PathPatternConfig"),
    "query_string": ("query-string", "QueryStringConfig"),
    "source_ip": ("source-ip", "SourceIpConfig"),
}


class ListenerRule(Elb):
    """aws_lb_listener_rule. Without a priority, a rule gets the one after the listener's last."""

    type = "aws_lb_listener_rule"
    label = "ELBv2 Listener Rule"
    gone = ("RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound")
    args = frozen(
        {
            **emulated(
                "condition.http_header.http_header_name",
                "condition.query_string.key",
                "condition.query_string.value",
                "listener_arn",
                "priority",
            ),
            **emulated(*(f"action.{path}" for path in ACTION)),
            **emulated(*(f"condition.{kind}.values" for kind in _CONDITIONS if kind != "query_string")),
        }
    )

    def _wanted(self, new: Values) -> dict[str, Any]:
        shape = self.shape.blocks["action"].shape
        return {
            "Actions": [action(to_api(shape, each, ODD)) for each in new["action"]],
            "Conditions": [asked for each in new["condition"] for asked in _asked(each)],
        }

    @override
    def create(self, place: Place, new: Values) -> str:
        elb, listener = place.client("elbv2"), new["listener_arn"]
        priority = int(new["priority"] or 1 + _last_priority(elb.describe_rules(ListenerArn=listener)["Rules"]))
        tags = given(Tags=as_pairs(new["tags_all"]))
        answer = elb.create_rule(ListenerArn=listener, Priority=priority, **self._wanted(new), **tags)
        return str(answer["Rules"][0]["RuleArn"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        elb, arn = place.client("elbv2"), state["id"]
        if "priority" in changed:
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": int(new["priority"])}])
        if changed & {"action", "condition"}:
            elb.modify_rule(RuleArn=arn, **self._wanted(new))

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("elbv2").describe_rules(RuleArns=[state["id"]])["Rules"][0]
        listener = state["id"].replace(":listener-rule/", ":listener/").rpartition("/")[0]
        return {
            "arn": state["id"],
            "listener_arn": listener,
            "priority": int(found["Priority"]),
            "action": [found_action(each, number) for number, each in enumerate(found["Actions"], 1)],
            "condition": [_found(each) for each in found["Conditions"]],
            "tags_all": self.tags_of(place, state["id"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("elbv2").delete_rule(RuleArn=state["id"])


def _last_priority(rules: Any) -> int:
    return max((int(rule["Priority"]) for rule in rules if not rule["IsDefault"]), default=0)


def _asked(condition: Values) -> list[dict[str, Any]]:
    """Convert a condition to the API's form: one condition for each kind in the block."""
    asked: list[dict[str, Any]] = []
    for kind, (field, config) in _CONDITIONS.items():
        blocks = condition.get(kind) or []
        if kind == "query_string" and blocks:
            pairs = [given(Key=each.get("key"), Value=each["value"]) for each in blocks]
            asked.append({"Field": field, config: {"Values": pairs}})
        elif blocks:
            names = given(HttpHeaderName=blocks[0].get("http_header_name"))
            asked.append({"Field": field, config: {**names, "Values": blocks[0]["values"]}})
    return asked


def _found(condition: Any) -> Values:
    kind, config = next((kind, name) for kind, (field, name) in _CONDITIONS.items() if field == condition["Field"])
    values = (condition.get(config) or {}).get("Values") or condition.get("Values") or []
    blank: Values = {name: [] for name in _CONDITIONS}
    if kind == "query_string":
        return {**blank, kind: [{"key": each.get("Key"), "value": each["Value"]} for each in values]}
    header = {"http_header_name": condition[config]["HttpHeaderName"]} if kind == "http_header" else {}
    return {**blank, kind: [{**header, "values": values}]}


class TargetGroupAttachment(Resource):
    """aws_lb_target_group_attachment. Its id is generated, because AWS does not record who created it."""

    type = "aws_lb_target_group_attachment"
    service = "elbv2"
    label = "ELBv2 Target Group Attachment"
    gone = ("TargetGroupNotFound", "InvalidTarget")
    args = frozen(emulated("availability_zone", "port", "target_group_arn", "target_id"))

    def _target(self, values: Values) -> dict[str, Any]:
        port = int(values["port"]) if values["port"] else None
        return given(Id=values["target_id"], Port=port, AvailabilityZone=values["availability_zone"])

    @override
    def locate(self, identity: str) -> Values:
        """Return the attachment of an import id: group, target and, optionally, port and availability zone."""
        group, target, *rest = identity.split(",")
        port = {"port": int(rest[0])} if rest else {}
        zone = {"availability_zone": rest[1]} if len(rest) > 1 else {}
        return {
            "id": _attachment(group, target, rest),
            "target_group_arn": group,
            "target_id": target,
            **port,
            **zone,
        }

    @override
    def create(self, place: Place, new: Values) -> str:
        group, target = new["target_group_arn"], new["target_id"]
        place.client("elbv2").register_targets(TargetGroupArn=group, Targets=[self._target(new)])
        port = [str(int(new["port"]))] if new["port"] else []
        return _attachment(group, target, [*port, *([new["availability_zone"]] if new["availability_zone"] else [])])

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        asked = {"TargetGroupArn": state["target_group_arn"], "Targets": [self._target(state)]}
        [found] = place.client("elbv2").describe_target_health(**asked)["TargetHealthDescriptions"]
        reason = found["TargetHealth"].get("Reason")
        return None if reason in ("Target.NotRegistered", "Target.DeregistrationInProgress") else {}

    @override
    def delete(self, place: Place, state: Values) -> None:
        group = state["target_group_arn"]
        place.client("elbv2").deregister_targets(TargetGroupArn=group, Targets=[self._target(state)])


def _attachment(*parts: Any) -> str:
    group, target, rest = parts
    return "-".join([group, target, *rest])


RESOURCES: tuple[type[Resource], ...] = (ListenerRule, TargetGroupAttachment)
