"""Runs the `aws` check: reads a fact about what was applied from AWS's API, with the read-only role.

Failed: the resource does not exist or is in another state. Unanswered: AWS rejects the credentials, throttles the
request or does not respond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tasks import aws, aws_errors
from tasks.checks.answers import Answer, Surroundings, failed, judged, passed, shortened, unanswered
from tasks.checks.options import (
    AlarmsQuiet,
    Aws,
    DatabaseAvailable,
    Fact,
    HealthyHosts,
    ImageAvailable,
    InstancesInService,
    NatGatewaysAvailable,
    PointInTimeRecovery,
    QueueExists,
    StackGood,
    TableActive,
)
from tasks.domain.errors import FlowmartError

_ABSENT = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "QueueDoesNotExist",
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
        "ResourceNotFoundException",
        "TableNotFoundException",
        "TargetGroupNotFound",
        "TargetGroupNotFoundException",
    }
)
"""Error codes of these APIs for a resource that does not exist."""


def expected(options: Aws) -> str:
    """Return what the check expects, as a phrase for people."""
    return _EXPECTED[type(options.root)](options.root)


def service(options: Aws) -> str:
    """Return the boto3 name of the AWS service that the fact is read from."""
    return _SERVICES[type(options.root)]


def ask(options: Aws, around: Surroundings) -> Answer:
    """Read the fact once."""
    try:
        return _ASKED[type(options.root)](options.root, around.client(service(options)))
    except aws.AWS_ERRORS as error:
        if aws_errors.code_of(error) in _ABSENT:
            return failed("it does not exist")
        return unanswered(shortened(str(aws.explained(error, f"ask {service(options)}"))))
    except FlowmartError as error:
        return unanswered(shortened(str(error)))


def _database(fact: DatabaseAvailable, rds: Any) -> Answer:
    found = rds.describe_db_instances(DBInstanceIdentifier=fact.identifier)["DBInstances"]
    state = found[0]["DBInstanceStatus"]
    return judged(state == "available", f"it is {state}")


def _table(fact: TableActive, dynamodb: Any) -> Answer:
    state = dynamodb.describe_table(TableName=fact.table)["Table"]["TableStatus"]
    return judged(state == "ACTIVE", f"it is {state}")


def _recovery(fact: PointInTimeRecovery, dynamodb: Any) -> Answer:
    found = dynamodb.describe_continuous_backups(TableName=fact.table)["ContinuousBackupsDescription"]
    state = found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return judged(state == "ENABLED", f"it is {state}")


def _hosts(fact: HealthyHosts, elbv2: Any) -> Answer:
    health = elbv2.describe_target_health(TargetGroupArn=fact.target_group)
    states = [target["TargetHealth"]["State"] for target in health["TargetHealthDescriptions"]]
    return _enough(fact.at_least, states.count("healthy"), len(states), "healthy")


def _instances(fact: InstancesInService, autoscaling: Any) -> Answer:
    asked = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[fact.autoscaling_group])
    if not asked["AutoScalingGroups"]:
        return failed("it does not exist")
    instances = asked["AutoScalingGroups"][0]["Instances"]
    return _enough(fact.at_least, sum(map(_serves, instances)), len(instances), "in service")


def _serves(instance: Mapping[str, Any]) -> bool:
    return (instance["LifecycleState"], instance["HealthStatus"].lower()) == ("InService", "healthy")


def _gateways(fact: NatGatewaysAvailable, ec2: Any) -> Answer:
    pages = ec2.get_paginator("describe_nat_gateways")
    within = [{"Name": "vpc-id", "Values": [fact.vpc]}]
    states = [gateway["State"] for page in pages.paginate(Filters=within) for gateway in page["NatGateways"]]
    there = [state for state in states if state != "deleted"]
    return _enough(fact.at_least, there.count("available"), len(there), "available")


def _alarms(fact: AlarmsQuiet, cloudwatch: Any) -> Answer:
    pages = cloudwatch.get_paginator("describe_alarms")
    asked = pages.paginate(AlarmNamePrefix=fact.prefix)
    states = {alarm["AlarmName"]: alarm["StateValue"] for page in asked for alarm in page["MetricAlarms"]}
    in_alarm = sorted(name for name, state in states.items() if state == "ALARM")
    if in_alarm:
        return failed(f"in alarm: {shortened(', '.join(in_alarm))}")
    return judged(len(states) >= int(fact.at_least), f"{len(states)} alarms, none in alarm")


def _queue(fact: QueueExists, sqs: Any) -> Answer:
    asked = ["ApproximateNumberOfMessages", "QueueArn"]
    found = sqs.get_queue_attributes(QueueUrl=fact.queue, AttributeNames=asked)["Attributes"]
    return passed(f"it is there, about {found['ApproximateNumberOfMessages']} messages in it")


def _stack(fact: StackGood, cloudformation: Any) -> Answer:
    try:
        state = cloudformation.describe_stacks(StackName=fact.stack)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        # CloudFormation has no error code for a missing stack.
        if "does not exist" in str(error):
            return failed("it does not exist")
        raise
    return judged(state in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"), f"it is {state}")


def _image(fact: ImageAvailable, ec2: Any) -> Answer:
    found = ec2.describe_images(ImageIds=[fact.image])["Images"]
    # AWS does not list images of other accounts that this account may not use.
    return (
        judged(found[0]["State"] == "available", f"it is {found[0]['State']}")
        if found
        else failed("it does not exist")
    )


def _enough(at_least: int | str, count: int, of: int, what: str) -> Answer:
    return judged(count >= int(at_least), f"{count} of {of} {what}")


_SERVICES: Mapping[type[Fact], str] = {
    DatabaseAvailable: "rds",
    TableActive: "dynamodb",
    PointInTimeRecovery: "dynamodb",
    HealthyHosts: "elbv2",
    InstancesInService: "autoscaling",
    NatGatewaysAvailable: "ec2",
    AlarmsQuiet: "cloudwatch",
    QueueExists: "sqs",
    StackGood: "cloudformation",
    ImageAvailable: "ec2",
}

_ASKED: Mapping[type[Fact], Callable[[Any, Any], Answer]] = {
    DatabaseAvailable: _database,
    TableActive: _table,
    PointInTimeRecovery: _recovery,
    HealthyHosts: _hosts,
    InstancesInService: _instances,
    NatGatewaysAvailable: _gateways,
    AlarmsQuiet: _alarms,
    QueueExists: _queue,
    StackGood: _stack,
    ImageAvailable: _image,
}

_EXPECTED: Mapping[type[Fact], Callable[[Any], str]] = {
    DatabaseAvailable: lambda fact: f"database {fact.identifier} is available",
    TableActive: lambda fact: f"table {fact.table} is ACTIVE",
    PointInTimeRecovery: lambda fact: f"point-in-time recovery of table {fact.table} is ENABLED",
    HealthyHosts: lambda fact: f"at least {fact.at_least} healthy hosts in {fact.target_group}",
    InstancesInService: lambda fact: f"at least {fact.at_least} in service in {fact.autoscaling_group}",
    NatGatewaysAvailable: lambda fact: f"at least {fact.at_least} NAT gateways available in {fact.vpc}",
    ImageAvailable: lambda fact: f"image {fact.image} is available",
    AlarmsQuiet: lambda fact: f"at least {fact.at_least} alarms {fact.prefix}*, and none in alarm",
    QueueExists: lambda fact: f"queue {fact.queue} is there",
    StackGood: lambda fact: f"stack {fact.stack} is complete",
}
