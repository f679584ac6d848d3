"""CloudWatch log groups, and the flow logs that a network writes into them."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from deployments.sandbox.aws_provider.aws import Place, Unsuccessful
from deployments.sandbox.aws_provider.declare import Arg, emulated, frozen
from deployments.sandbox.aws_provider.resource import Resource
from deployments.sandbox.aws_provider.services.ec2 import Ec2, given, only, tag_specification
from deployments.sandbox.aws_provider.services.naming import name_for
from deployments.sandbox.aws_provider.tags import Tags
from deployments.sandbox.aws_provider.values import Values


class LogGroup(Resource):
    """aws_cloudwatch_log_group."""

    type = "aws_cloudwatch_log_group"
    service = "logs"
    label = "CloudWatch Logs Log Group"
    gone = ("ResourceNotFoundException",)
    args = frozen(
        {
            **emulated("name", "name_prefix", "log_group_class", "retention_in_days", "skip_destroy"),
            "kms_key_id": Arg(fixed=True),
        }
    )

    @override
    def create(self, place: Place, new: Values) -> str:
        name = name_for(new)
        place.client("logs").create_log_group(
            logGroupName=name,
            **given(kmsKeyId=new["kms_key_id"], logGroupClass=new["log_group_class"], tags=new["tags_all"]),
        )
        return name

    @override
    def complete(self, place: Place, new: Values) -> None:
        if new["retention_in_days"]:
            self._retain(place, new)

    def _retain(self, place: Place, new: Values) -> None:
        logs, name, days = place.client("logs"), new["id"], new["retention_in_days"]
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
        else:
            logs.delete_retention_policy(logGroupName=name)

    @override
    def update(self, place: Place, state: Values, new: Values, changed: frozenset[str]) -> None:
        if "retention_in_days" in changed:
            self._retain(place, new)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        logs, name = place.client("logs"), state["id"]
        groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        group = only([group for group in groups if group["logGroupName"] == name])
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "arn": arn,
            "name": name,
            "kms_key_id": group.get("kmsKeyId"),
            "log_group_class": group.get("logGroupClass", "STANDARD"),
            "retention_in_days": group.get("retentionInDays", 0),
            "tags_all": logs.list_tags_for_resource(resourceArn=arn)["tags"],
        }

    @override
    def tag(self, place: Place, state: Values, added: Tags, removed: list[str]) -> None:
        if removed:
            place.client("logs").untag_resource(resourceArn=state["arn"], tagKeys=removed)
        if added:
            place.client("logs").tag_resource(resourceArn=state["arn"], tags=dict(added))

    @override
    def delete(self, place: Place, state: Values) -> None:
        if not state["skip_destroy"]:
            place.client("logs").delete_log_group(logGroupName=state["id"])


class FlowLog(Ec2):
    """aws_flow_log. Only its tags can be changed."""

    type = "aws_flow_log"
    label = "Flow Log"
    gone = ("InvalidFlowLogId.NotFound",)
    args = frozen(
        emulated(
            "vpc_id",
            "subnet_id",
            "eni_id",
            "iam_role_arn",
            "log_destination",
            "log_destination_type",
            "log_format",
            "max_aggregation_interval",
            "traffic_type",
        )
    )

    _KINDS = frozen({"vpc_id": "VPC", "subnet_id": "Subnet", "eni_id": "NetworkInterface"})
    # {argument: prefix of its ids}, because responses do not say what kind of object is logged.
    _PREFIXES = frozen({"vpc_id": "vpc-", "subnet_id": "subnet-", "eni_id": "eni-"})

    @override
    def create(self, place: Place, new: Values) -> str:
        kind = next(name for name in self._KINDS if new[name])
        answer = place.client("ec2").create_flow_logs(
            ResourceIds=[new[kind]],
            ResourceType=self._KINDS[kind],
            LogDestinationType=new["log_destination_type"],
            MaxAggregationInterval=int(new["max_aggregation_interval"]),
            **given(
                TrafficType=new["traffic_type"],
                LogDestination=new["log_destination"],
                LogFormat=new["log_format"],
                DeliverLogsPermissionArn=new["iam_role_arn"],
                TagSpecifications=tag_specification("vpc-flow-log", new["tags_all"]),
            ),
        )
        return _the_one(answer)

    @override
    def read(self, place: Place, state: Values) -> Values | None:
        log = only(place.client("ec2").describe_flow_logs(FlowLogIds=[state["id"]])["FlowLogs"])
        if log is None:
            return None
        resource = log["ResourceId"]
        owners = {name: resource for name, prefix in self._PREFIXES.items() if resource.startswith(prefix)}
        return owners | {
            "arn": place.arn("ec2", f"vpc-flow-log/{state['id']}"),
            "iam_role_arn": log.get("DeliverLogsPermissionArn"),
            "log_destination": log.get("LogDestination"),
            "log_destination_type": log.get("LogDestinationType"),
            "log_format": log.get("LogFormat"),
            "max_aggregation_interval": log.get("MaxAggregationInterval"),
            "traffic_type": log.get("TrafficType"),
            "tags_all": self.tags_of(place, state["id"]),
        }

    @override
    def delete(self, place: Place, state: Values) -> None:
        place.client("ec2").delete_flow_logs(FlowLogIds=[state["id"]])


def _the_one(answer: Any) -> str:
    for failure in answer.get("Unsuccessful") or []:
        raise Unsuccessful(f"CreateFlowLogs: {failure['Error']['Code']}: {failure['Error']['Message']}")
    return str(answer["FlowLogIds"][0])


RESOURCES: tuple[type[Resource], ...] = (LogGroup, FlowLog)
