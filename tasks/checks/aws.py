"""The `aws` check: facts that AWS knows about what was applied, asked with the role that only reads.

That a thing does not exist, or is in another state, is a wrong answer. Refused credentials, throttling and an
API that does not answer are no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tasks.checks.answers import Answer, Surroundings, errored, failed, judged, shortened
from tasks.checks.options import (
    AlarmsQuiet,
    Aws,
    DatabaseAvailable,
    Fact,
    HealthyHosts,
    ImageAvailable,
    InstancesInService,
    NatGatewaysAvailable,
    TableActive,
)
from tasks.errors import FlowmartError

Clients = Callable[[str], Any]

_ABSENT = frozenset(
    {
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
        "ResourceNotFoundException",
        "TargetGroupNotFound",
        "TargetGroupNotFoundException",
    }
)
"""The codes by which these APIs say that there is no such thing."""


def expected(options: Aws) -> str:
    """In words for people."""
    return _EXPECTED[type(options.root)](options.root)


def ask(options: Aws, around: Surroundings) -> Answer:
    """Ask for the fact once."""
    try:
        return _ASKED[type(options.root)](options.root, around.client)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return failed("it does not exist") if code in _ABSENT else errored(shortened(str(error)))
    except (BotoCoreError, FlowmartError) as error:
        return errored(shortened(str(error)))


def _database(fact: DatabaseAvailable, clients: Clients) -> Answer:
    found = clients("rds").describe_db_instances(DBInstanceIdentifier=fact.identifier)["DBInstances"]
    state = found[0]["DBInstanceStatus"]
    return judged(state == "available", f"it is {state}")


def _table(fact: TableActive, clients: Clients) -> Answer:
    state = clients("dynamodb").describe_table(TableName=fact.table)["Table"]["TableStatus"]
    return judged(state == "ACTIVE", f"it is {state}")


def _hosts(fact: HealthyHosts, clients: Clients) -> Answer:
    health = clients("elbv2").describe_target_health(TargetGroupArn=fact.target_group)
    states = [target["TargetHealth"]["State"] for target in health["TargetHealthDescriptions"]]
    return _enough(fact.at_least, states.count("healthy"), len(states), "healthy")


def _instances(fact: InstancesInService, clients: Clients) -> Answer:
    asked = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[fact.autoscaling_group])
    if not asked["AutoScalingGroups"]:
        return failed("it does not exist")
    instances = asked["AutoScalingGroups"][0]["Instances"]
    return _enough(fact.at_least, sum(map(_serves, instances)), len(instances), "in service")


def _serves(instance: Mapping[str, Any]) -> bool:
    return (instance["LifecycleState"], instance["HealthStatus"].lower()) == ("InService", "healthy")


def _gateways(fact: NatGatewaysAvailable, clients: Clients) -> Answer:
    pages = clients("ec2").get_paginator("describe_nat_gateways")
    within = [{"Name": "vpc-id", "Values": [fact.vpc]}]
    states = [gateway["State"] for page in pages.paginate(Filters=within) for gateway in page["NatGateways"]]
    there = [state for state in states if state != "deleted"]
    return _enough(fact.at_least, there.count("available"), len(there), "available")


def _alarms(fact: AlarmsQuiet, clients: Clients) -> Answer:
    pages = clients("cloudwatch").get_paginator("describe_alarms")
    asked = pages.paginate(AlarmNamePrefix=fact.prefix)
    states = {alarm["AlarmName"]: alarm["StateValue"] for page in asked for alarm in page["MetricAlarms"]}
    loud = sorted(name for name, state in states.items() if state == "ALARM")
    if loud:
        return failed(f"in alarm: {shortened(', '.join(loud))}")
    return judged(len(states) >= int(fact.at_least), f"{len(states)} alarms, none in alarm")


def _image(fact: ImageAvailable, clients: Clients) -> Answer:
    found = clients("ec2").describe_images(ImageIds=[fact.image])["Images"]
    # Of another account's image this is all that can be seen; one that may not be used is not among them.
    return (
        judged(found[0]["State"] == "available", f"it is {found[0]['State']}")
        if found
        else failed("it does not exist")
    )


def _enough(at_least: int | str, count: int, of: int, what: str) -> Answer:
    return judged(count >= int(at_least), f"{count} of {of} {what}")


_ASKED: Mapping[type[Fact], Callable[[Any, Clients], Answer]] = {
    DatabaseAvailable: _database,
    TableActive: _table,
    HealthyHosts: _hosts,
    InstancesInService: _instances,
    NatGatewaysAvailable: _gateways,
    AlarmsQuiet: _alarms,
    ImageAvailable: _image,
}

_EXPECTED: Mapping[type[Fact], Callable[[Any], str]] = {
    DatabaseAvailable: lambda fact: f"database {fact.identifier} is available",
    TableActive: lambda fact: f"table {fact.table} is ACTIVE",
    HealthyHosts: lambda fact: f"at least {fact.at_least} healthy hosts in {fact.target_group}",
    InstancesInService: lambda fact: f"at least {fact.at_least} in service in {fact.autoscaling_group}",
    NatGatewaysAvailable: lambda fact: f"at least {fact.at_least} NAT gateways available in {fact.vpc}",
    ImageAvailable: lambda fact: f"image {fact.image} is available",
    AlarmsQuiet: lambda fact: f"at least {fact.at_least} alarms {fact.prefix}*, and none in alarm",
}
