"""What somebody changes by hand shows as drift of exactly that, and the next apply puts it right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.contract.aws_provider.world import Root, World

HCL = """
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop" }
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_security_group" "this" {
  name   = "shop"
  vpc_id = aws_vpc.this.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/shop"
  retention_in_days = 30
}

resource "aws_iam_role" "this" {
  name               = "shop"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role_policy" "this" {
  name   = "read"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }] })
}

resource "aws_dynamodb_table" "this" {
  name         = "shop"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_s3_bucket" "this" {
  bucket = "drift-of-the-shop"
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket              = aws_s3_bucket.this.id
  block_public_acls   = true
  block_public_policy = true
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "shop"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 60
  evaluation_periods  = 3
}
"""
PROVIDER = """
provider "aws" {
  default_tags {
    tags = { Project = "flowmart" }
  }
}
"""

Client = Callable[[str], Any]
State = dict[str, dict[str, Any]]


class Hand(NamedTuple):
    """What somebody does by hand, and what drifts by that."""

    does: Callable[[Client, State], object]
    address: str
    attributes: set[str]


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
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        ),
        "aws_iam_role_policy.this",
        {"policy"},
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
    root = Root(world, tmp_path_factory.mktemp("drift"), next(accounts)).write(HCL, PROVIDER).initialised()
    root.apply()
    return root


@pytest.mark.parametrize("hand", HANDS.values(), ids=HANDS)
def test_somebody(applied: Root, hand: Hand) -> None:
    hand.does(applied.client, applied.state)
    drift = applied.drift()
    assert {address: set(change.attributes) for address, change in drift.items()} == {hand.address: hand.attributes}
    applied.apply()
    applied.run("plan", "-detailed-exitcode")


DELETIONS = {
    "log group": (
        lambda client: client("logs").delete_log_group(logGroupName="/shop"),
        "aws_cloudwatch_log_group.this",
    ),
    "alarm": (
        lambda client: client("cloudwatch").delete_alarms(AlarmNames=["shop"]),
        "aws_cloudwatch_metric_alarm.this",
    ),
    "policy": (
        lambda client: client("iam").delete_role_policy(RoleName="shop", PolicyName="read"),
        "aws_iam_role_policy.this",
    ),
}


@pytest.mark.parametrize(("delete", "address"), DELETIONS.values(), ids=DELETIONS)
def test_what_somebody_deletes_is_made_again(applied: Root, delete: Callable[[Client], object], address: str) -> None:
    delete(applied.client)
    assert applied.drift()[address].actions == ("delete",)
    assert {address: change.actions for address, change in applied.changes().items()} == {address: ("create",)}
    applied.apply()


def test_a_policy_laid_out_differently_is_no_drift(applied: Root) -> None:
    document = applied.client("iam").get_role_policy(RoleName="shop", PolicyName="read")["PolicyDocument"]
    document["Statement"][0]["Action"] = [document["Statement"][0]["Action"]]
    laid_out = json.dumps(dict(reversed(document.items())), indent=4)
    applied.client("iam").put_role_policy(RoleName="shop", PolicyName="read", PolicyDocument=laid_out)
    assert applied.drift() == {}
