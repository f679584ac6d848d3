"""CloudWatch alarms and dashboards."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import only
from deployments.sandbox.aws_provider.tags import Tags, as_pairs, from_pairs
from deployments.sandbox.aws_provider.values import Values, json_text

_ALARM = {
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "alarm_description": "AlarmDescription",
    "comparison_operator": "ComparisonOperator",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "evaluate_low_sample_count_percentiles": "EvaluateLowSampleCountPercentile",
    "evaluation_periods": "EvaluationPeriods",
    "extended_statistic": "ExtendedStatistic",
    "insufficient_data_actions": "InsufficientDataActions",
    "metric_name": "MetricName",
    "namespace": "Namespace",
    "ok_actions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treat_missing_data": "TreatMissingData",
    "unit": "Unit",
}
_WHOLE = ("DatapointsToAlarm", "EvaluationPeriods", "Period")


class Alarm(Resource):
    """aws_cloudwatch_metric_alarm, on one metric or on an expression over several metrics."""

    type = "aws_cloudwatch_metric_alarm"
    service = "cloudwatch"
    label = "CloudWatch Metric Alarm"
    args = frozen(
        emulated(
            "actions_enabled",
            "alarm_actions",
            "alarm_description",
            "alarm_name",
            "comparison_operator",
            "datapoints_to_alarm",
            "dimensions",
            "evaluate_low_sample_count_percentiles",
            "evaluation_periods",
            "extended_statistic",
            "insufficient_data_actions",
            "metric_name",
            "metric_query.expression",
            "metric_query.id",
            "metric_query.label",
            "metric_query.period",
            "metric_query.return_data",
            "metric_query.metric.*",
            "namespace",
            "ok_actions",
            "period",
            "statistic",
            "threshold",
            "treat_missing_data",
            "unit",
        )
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        self._put(place, new, Tags=as_pairs(new["tags_all"]))
        return str(new["alarm_name"])

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self._put(place, new)

    def _put(self, place: Place, new: Values, **more: Any) -> None:
        wanted = {api: new[name] for name, api in _ALARM.items() if new[name] not in (None, "", [])}
        wanted |= {name: int(wanted[name]) for name in _WHOLE if name in wanted}
        if new["metric_query"]:
            wanted["Metrics"] = [_query(each) for each in new["metric_query"]]
        else:
            wanted["Dimensions"] = as_pairs(new["dimensions"] or {}, "Name")
        more = {name: value for name, value in more.items() if value}
        place.client("cloudwatch").put_metric_alarm(AlarmName=new["alarm_name"], **wanted, **more)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        cloudwatch = place.client("cloudwatch")
        alarm = only(cloudwatch.describe_alarms(AlarmNames=[state["id"]])["MetricAlarms"])
        if alarm is None:
            return None
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        return {name: alarm.get(api) for name, api in _ALARM.items()} | {
            "treat_missing_data": alarm.get("TreatMissingData") or "missing",
            "arn": alarm["AlarmArn"],
            "alarm_name": alarm["AlarmName"],
            "dimensions": from_pairs(alarm.get("Dimensions"), "Name"),
            "metric_query": [_found_query(each) for each in alarm.get("Metrics") or []],
            "tags_all": from_pairs(tags),
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("cloudwatch").untag_resource(ResourceARN=state["arn"], TagKeys=removed)
        if added:
            place.client("cloudwatch").tag_resource(ResourceARN=state["arn"], Tags=as_pairs(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("cloudwatch").delete_alarms(AlarmNames=[state["id"]])


def _query(block: Values) -> dict[str, Any]:
    query: dict[str, Any] = {"Id": block["id"], "ReturnData": bool(block["return_data"])}
    names = {"expression": "Expression", "label": "Label", "period": "Period"}
    query |= {api: block[name] for name, api in names.items() if block[name]}
    for metric in block["metric"]:
        named = {"Namespace": metric["namespace"], "MetricName": metric["metric_name"]}
        dimensions = as_pairs(metric["dimensions"] or {}, "Name")
        unit = {"Unit": metric["unit"]} if metric["unit"] else {}
        measured = {"Period": int(metric["period"]), "Stat": metric["stat"], **unit}
        query["MetricStat"] = {"Metric": {**named, "Dimensions": dimensions}, **measured}
    return query


def _found_query(found: Any) -> Values:
    stat = found.get("MetricStat")
    return {
        "id": found["Id"],
        "expression": found.get("Expression"),
        "label": found.get("Label"),
        "period": found.get("Period"),
        "return_data": found.get("ReturnData"),
        "metric": [_found_metric(stat)] if stat else [],
    }


def _found_metric(stat: Any) -> Values:
    metric = stat["Metric"]
    return {
        "namespace": metric.get("Namespace"),
        "metric_name": metric.get("MetricName"),
        "dimensions": from_pairs(metric.get("Dimensions"), "Name"),
        "period": stat.get("Period"),
        "stat": stat.get("Stat"),
        "unit": stat.get("Unit"),
    }


class Dashboard(Resource):
    """aws_cloudwatch_dashboard."""

    type = "aws_cloudwatch_dashboard"
    service = "cloudwatch"
    label = "CloudWatch Dashboard"
    gone = ("ResourceNotFound", "DashboardNotFoundError")
    args = frozen({**emulated("dashboard_name"), "dashboard_body": Arg(same=json_text)})

    @override
    def create(self, place: Place, new: Values) -> str:
        name = new["dashboard_name"]
        place.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=new["dashboard_body"])
        return str(name)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        self.create(place, new)

    @override
    def read(self, place: Place, state: Values) -> Values:
        found = place.client("cloudwatch").get_dashboard(DashboardName=state["id"])
        return {
            "dashboard_arn": found["DashboardArn"],
            "dashboard_name": found["DashboardName"],
            "dashboard_body": found["DashboardBody"],
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("cloudwatch").delete_dashboards(DashboardNames=[state["id"]])


RESOURCES: tuple[type[Resource], ...] = (Alarm, Dashboard)
