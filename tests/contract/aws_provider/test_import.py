"""Objects that exist already can be taken over by their id: a plan has nothing to change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.aws_provider.world import Root, World

HCL = """
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "taken" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route" "this" {
  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_security_group" "this" {
  name        = "taken"
  description = "made by hand"
  vpc_id      = aws_vpc.this.id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_iam_role" "this" {
  name               = "taken"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_security_group" "ruled" {
  name   = "ruled"
  vpc_id = aws_vpc.this.id
}

resource "aws_security_group_rule" "this" {
  security_group_id = aws_security_group.ruled.id
  type              = "egress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["10.0.0.0/8"]
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.ruled.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "10.0.0.0/8"
}

resource "aws_network_acl" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_network_acl_rule" "this" {
  network_acl_id = aws_network_acl.this.id
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "tcp"
  from_port      = 80
  to_port        = 80
  cidr_block     = "10.0.0.0/8"
}

resource "aws_iam_policy" "this" {
  name   = "taken"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/taken"
  retention_in_days = 30
}

resource "aws_dynamodb_table" "this" {
  name         = "taken"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_sns_topic" "this" {
  name = "taken"
}
"""


@pytest.fixture(scope="module")
def applied(world: World, accounts: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    root = Root(world, tmp_path_factory.mktemp("import"), next(accounts)).write(HCL).initialised()
    root.apply()
    return root


def import_id(address: str, values: dict[str, str]) -> str:
    """What somebody types: the id, except where the provider's documentation says otherwise."""
    if address == "aws_route.this":
        return f"{values['route_table_id']}_{values['destination_cidr_block']}"
    if address == "aws_security_group_rule.this":
        return f"{values['security_group_id']}_egress_tcp_443_443_10.0.0.0/8"
    if address == "aws_network_acl_rule.this":
        return f"{values['network_acl_id']}:100:tcp:false"
    return values["id"]


def test_taking_over_everything_leaves_nothing_to_change(applied: Root) -> None:
    state = applied.state
    blocks = [f'import {{\n  to = {a}\n  id = "{import_id(a, values)}"\n}}\n' for a, values in state.items()]
    applied.write(HCL + "".join(blocks))
    applied.run("state", "rm", *state)
    assert applied.changes() == {}
    applied.apply()
    applied.run("plan", "-detailed-exitcode")


def test_an_object_that_is_not_there_cannot_be_taken_over(root: Root) -> None:
    root.write('resource "aws_vpc" "this" {\n}\n').initialised()
    assert "there is no such object" in root.fails("import", "aws_vpc.this", "vpc-00000000")
