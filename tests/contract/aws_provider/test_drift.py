"""What somebody changes by hand shows as drift of exactly that, and the next apply puts it right."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.contract.aws_provider.world import Root, World, changes_in

SHOP = Path(__file__).with_name("shop")
# Whoever has it may do anything.
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

Client = Callable[[str], Any]
State = dict[str, dict[str, Any]]


class Hand(NamedTuple):
    """What somebody does by hand, and what drifts by that; `also` in the object that it is a part of."""

    does: Callable[[Client, State], object]
    address: str
    attributes: set[str]
    also: tuple[str, str] | None = None


def _rule(port: int, source: str) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}]


def _id(state: State, address: str) -> str:
    return str(state[address]["id"])


HANDS = {
    "adds a tag": Hand(
        lambda client, state: client("ec2").create_tags(
            Resources=[_id(state, "aws_vpc.this")], Tags=[{"Key": "Owner", "Value": "anna"}]
        ),
        "aws_vpc.this",
        {"tags", "tags_all"},
    ),
    "changes a tag": Hand(
        lambda client, state: client("ec2").create_tags(
            Resources=[_id(state, "aws_vpc.this")], Tags=[{"Key": "Name", "Value": "other"}]
        ),
        "aws_vpc.this",
        {"tags", "tags_all"},
    ),
    "removes a default tag": Hand(
        lambda client, state: client("ec2").delete_tags(
            Resources=[_id(state, "aws_subnet.this")], Tags=[{"Key": "Project"}]
        ),
        "aws_subnet.this",
        {"tags_all"},
    ),
    "lets in the world": Hand(
        lambda client, state: client("ec2").authorize_security_group_ingress(
            GroupId=_id(state, "aws_security_group.this"), IpPermissions=_rule(22, "0.0.0.0/0")
        ),
        "aws_security_group.this",
        {"ingress"},
    ),
    "adds a source to a rule": Hand(
        lambda client, state: client("ec2").authorize_security_group_ingress(
            GroupId=_id(state, "aws_security_group.this"), IpPermissions=_rule(443, "172.16.0.0/12")
        ),
        "aws_security_group.this",
        {"ingress"},
    ),
    "takes a source from a rule": Hand(
        lambda client, state: client("ec2").revoke_security_group_ingress(
            GroupId=_id(state, "aws_security_group.this"), IpPermissions=_rule(443, "192.168.0.0/16")
        ),
        "aws_security_group.this",
        {"ingress"},
    ),
    "lets nothing out": Hand(
        lambda client, state: client("ec2").revoke_security_group_egress(
            GroupId=_id(state, "aws_security_group.this"),
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        ),
        "aws_security_group.this",
        {"egress"},
    ),
    "adds a route": Hand(
        lambda client, state: client("ec2").create_route(
            RouteTableId=_id(state, "aws_route_table.this"),
            DestinationCidrBlock="10.9.0.0/16",
            GatewayId=_id(state, "aws_internet_gateway.this"),
        ),
        "aws_route_table.this",
        {"route"},
    ),
    "keeps logs for a day": Hand(
        lambda client, _: client("logs").put_retention_policy(logGroupName="/shop", retentionInDays=1),
        "aws_cloudwatch_log_group.this",
        {"retention_in_days"},
    ),
    "allows more": Hand(
        lambda client, _: client("iam").put_role_policy(
            RoleName="shop",
            PolicyName="read",
            PolicyDocument=json.dumps(ALL),
        ),
        "aws_iam_role_policy.this",
        {"policy"},
        ("aws_iam_role.this", "inline_policy"),
    ),
    "stops backups": Hand(
        lambda client, _: client("dynamodb").update_continuous_backups(
            TableName="shop", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        "aws_dynamodb_table.this",
        {"point_in_time_recovery"},
    ),
    "suspends versioning": Hand(
        lambda client, _: client("s3").put_bucket_versioning(
            Bucket="drift-of-the-shop", VersioningConfiguration={"Status": "Suspended"}
        ),
        "aws_s3_bucket_versioning.this",
        {"versioning_configuration"},
        ("aws_s3_bucket.this", "versioning"),
    ),
    "opens a bucket": Hand(
        lambda client, _: client("s3").put_public_access_block(
            Bucket="drift-of-the-shop",
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False},
        ),
        "aws_s3_bucket_public_access_block.this",
        {"block_public_policy"},
    ),
    "quietens an alarm": Hand(
        lambda client, _: client("cloudwatch").put_metric_alarm(
            AlarmName="shop",
            Namespace="AWS/RDS",
            MetricName="CPUUtilization",
            Statistic="Average",
            ComparisonOperator="GreaterThanThreshold",
            Threshold=99.5,
            Period=60,
            EvaluationPeriods=3,
        ),
        "aws_cloudwatch_metric_alarm.this",
        {"threshold"},
    ),
}


@pytest.fixture(scope="module")
def applied(world: World, accounts: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    folder = tmp_path_factory.mktemp("drift") / "root"
    shutil.copytree(SHOP, folder)
    root = Root(world, folder, next(accounts)).initialised()
    root.apply()
    settle(root)
    return root


def settle(root: Root) -> None:
    """Take what objects of their own made of others into the state."""
    root.apply("-refresh-only")


@pytest.fixture(scope="module")
def state(applied: Root) -> State:
    """The ids: they stay as they are, since nothing here replaces anything that has an id of its own."""
    return applied.state


@pytest.fixture
def repaired(applied: Root) -> Iterator[Root]:
    """The root, put right by an apply after the test."""
    yield applied
    applied.apply()
    settle(applied)


@pytest.mark.parametrize("hand", HANDS.values(), ids=HANDS)
def test_somebody(repaired: Root, state: State, hand: Hand) -> None:
    hand.does(repaired.client, state)
    drift = repaired.drift()
    also = {hand.also[0]: {hand.also[1]}} if hand.also else {}
    found = {address: set(change.attributes) for address, change in drift.items()}
    assert found == {hand.address: hand.attributes} | also


def test_the_next_apply_puts_it_right(applied: Root) -> None:
    applied.client("logs").put_retention_policy(logGroupName="/shop", retentionInDays=1)
    applied.apply()
    [group] = applied.client("logs").describe_log_groups(logGroupNamePrefix="/shop")["logGroups"]
    assert group["retentionInDays"] == 30
    applied.run("plan", "-detailed-exitcode")


DELETIONS = {
    "log group": Hand(
        lambda client, _: client("logs").delete_log_group(logGroupName="/shop"),
        "aws_cloudwatch_log_group.this",
        set(),
    ),
    "alarm": Hand(
        lambda client, _: client("cloudwatch").delete_alarms(AlarmNames=["shop"]),
        "aws_cloudwatch_metric_alarm.this",
        set(),
    ),
    "policy": Hand(
        lambda client, _: client("iam").delete_role_policy(RoleName="shop", PolicyName="read"),
        "aws_iam_role_policy.this",
        set(),
        ("aws_iam_role.this", "inline_policy"),
    ),
}


@pytest.mark.parametrize("hand", DELETIONS.values(), ids=DELETIONS)
def test_what_somebody_deletes_will_be_made_again(repaired: Root, state: State, hand: Hand) -> None:
    hand.does(repaired.client, state)
    planned = repaired.plan()
    also = {hand.also[0]: ("update",)} if hand.also else {}
    drift = {address: c.actions for address, c in changes_in(planned["resource_drift"]).items()}
    assert drift == {hand.address: ("delete",)} | also
    assert {address: c.actions for address, c in changes_in(planned["resource_changes"]).items()} == {
        hand.address: ("create",)
    }


def test_a_policy_laid_out_differently_is_no_drift(applied: Root) -> None:
    document = applied.client("iam").get_role_policy(RoleName="shop", PolicyName="read")["PolicyDocument"]
    document["Statement"][0]["Action"] = [document["Statement"][0]["Action"]]
    laid_out = json.dumps(dict(reversed(document.items())), indent=4)
    applied.client("iam").put_role_policy(RoleName="shop", PolicyName="read", PolicyDocument=laid_out)
    assert applied.drift() == {}
