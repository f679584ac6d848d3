"""What a configuration writes, turned off or empty too, is what is made; what it leaves out is not known before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.aws_provider.world import Root, World

NETWORK = """
resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = false
  enable_dns_hostnames = false
}

resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.this.id
  cidr_block              = "10.0.0.0/24"
  map_public_ip_on_launch = true
}

resource "aws_security_group" "this" {
  vpc_id = aws_vpc.this.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.0.0.0/8"]
  }
}
"""
INSTANCES = """
resource "aws_instance" "this" {
  for_each                    = { hidden = false, open = true, undecided = null }
  ami                         = "ami-12c6146b"
  instance_type               = "t3.small"
  subnet_id                   = aws_subnet.public.id
  vpc_security_group_ids      = [aws_security_group.this.id]
  associate_public_ip_address = each.value
  source_dest_check           = each.value
  monitoring                  = false
  ebs_optimized               = false
  disable_api_termination     = false
}
"""
TURNED_OFF = """
resource "aws_dynamodb_table" "this" {
  name         = "orders"
  hash_key     = "id"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = false
  }

  point_in_time_recovery {
    enabled = false
  }

  server_side_encryption {
    enabled = false
  }
}

resource "aws_route53_zone" "this" {
  name = "shop.example"
}

resource "aws_route53_record" "this" {
  zone_id = aws_route53_zone.this.zone_id
  name    = "www"
  type    = "A"
  ttl     = 0
  records = ["10.0.0.1"]
}

resource "aws_kms_key" "this" {
  is_enabled          = false
  enable_key_rotation = false
}

resource "aws_lb_target_group" "this" {
  port                 = 80
  protocol             = "HTTP"
  vpc_id               = aws_vpc.this.id
  deregistration_delay = 0
  slow_start           = 0

  stickiness {
    type    = "lb_cookie"
    enabled = false
  }
}

resource "aws_db_instance" "this" {
  identifier                 = "shop"
  engine                     = "postgres"
  instance_class             = "db.t3.micro"
  allocated_storage          = 20
  username                   = "shop"
  password                   = "not-a-secret"
  auto_minor_version_upgrade = false
  delete_automated_backups   = false
  backup_retention_period    = 0
  multi_az                   = false
  storage_encrypted          = false
  skip_final_snapshot        = true
}

resource "aws_ecr_repository" "this" {
  name = "shop"

  image_scanning_configuration {
    scan_on_push = false
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "cpu"
  comparison_operator = "LessThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 0
  actions_enabled     = false
}
"""


@pytest.fixture(scope="module")
def root(world: World, accounts: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root of all that is above, initialised."""
    written = Root(world, tmp_path_factory.mktemp("written"), next(accounts))
    return written.write(NETWORK + INSTANCES + TURNED_OFF).initialised()


@pytest.fixture(scope="module")
def applied(root: Root) -> Root:
    """The same root, applied."""
    root.apply()
    return root


def test_what_aws_fills_in_is_unknown_before_it_is_made(root: Root) -> None:
    changes = {each["address"]: each["change"]["after_unknown"] for each in root.plan()["resource_changes"]}
    instance = changes['aws_instance.this["undecided"]']
    assert {instance["root_block_device"], instance["metadata_options"], instance["tenancy"]} == {True}
    assert changes["aws_lb_target_group.this"]["health_check"] is True
    assert changes["aws_dynamodb_table.this"]["warm_throughput"] is True


def test_defaults_are_planned(root: Root) -> None:
    after = {each["address"]: each["change"]["after"] for each in root.plan()["resource_changes"]}
    assert after["aws_subnet.public"]["ipv6_native"] is False
    assert after["aws_lb_target_group.this"]["target_type"] == "instance"


def test_a_block_that_is_typed_as_an_attribute_has_no_nulls(root: Root) -> None:
    after = {each["address"]: each["change"]["after"] for each in root.plan()["resource_changes"]}
    assert after["aws_security_group.this"]["ingress"] == [
        {
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "cidr_blocks": ["10.0.0.0/8"],
            "ipv6_cidr_blocks": [],
            "prefix_list_ids": [],
            "security_groups": [],
            "self": False,
            "description": "",
        }
    ]


def test_a_public_address_is_had_as_it_is_written(applied: Root) -> None:
    instances = {name: applied.state[f'aws_instance.this["{name}"]'] for name in ("hidden", "open", "undecided")}
    shown = {name: each["associate_public_ip_address"] for name, each in instances.items()}
    assert shown == {"hidden": False, "open": True, "undecided": True}
    ec2 = applied.client("ec2")
    found = {
        name: ec2.describe_instances(InstanceIds=[each["id"]])["Reservations"][0]["Instances"][0]
        for name, each in instances.items()
    }
    assert [name for name, each in found.items() if not each.get("PublicIpAddress")] == ["hidden"]
    assert {len(each["SecurityGroups"]) for each in found.values()} == {1}
    assert {name: each["SourceDestCheck"] for name, each in found.items()} == {
        "hidden": False,
        "open": True,
        "undecided": True,
    }


def test_what_is_turned_off_is_off(applied: Root) -> None:
    state = applied.state
    assert state["aws_dynamodb_table.this"]["ttl"] == [{"attribute_name": "expires", "enabled": False}]
    assert state["aws_dynamodb_table.this"]["server_side_encryption"][0]["enabled"] is False
    assert state["aws_kms_key.this"]["is_enabled"] is False
    assert state["aws_db_instance.this"]["backup_retention_period"] == 0
    assert state["aws_lb_target_group.this"]["deregistration_delay"] == "0"
    vpc = {"VpcId": state["aws_vpc.this"]["id"], "Attribute": "enableDnsSupport"}
    assert applied.client("ec2").describe_vpc_attribute(**vpc)["EnableDnsSupport"]["Value"] is False


def test_a_second_plan_is_empty(applied: Root) -> None:
    applied.run("plan", "-detailed-exitcode")
    assert applied.drift() == {}


INDEX = """
  attribute {
    name = "customer"
    type = "S"
  }

  global_secondary_index {
    name            = "by-customer"
    hash_key        = "customer"
    projection_type = "ALL"
  }

  ttl {"""
CHANGED = (
    ("\n  ttl {", INDEX),
    ('"A"', '"TXT"'),
    (NETWORK, NETWORK.replace("443", "8443")),
    ('identifier                 = "shop"', 'identifier                 = "store"'),
    ("source_dest_check           = each.value", "source_dest_check           = true"),
    ("enabled        = false", "enabled        = true"),
)


def test_it_is_turned_on_and_renamed_in_place(applied: Root) -> None:
    text = NETWORK + INSTANCES + TURNED_OFF
    for before, after in CHANGED:
        text = text.replace(before, after)
    applied.write(text)
    actions = {address: change.actions for address, change in applied.changes().items()}
    assert set(actions.values()) == {("update",)}
    applied.apply()
    applied.run("plan", "-detailed-exitcode")
    assert applied.state["aws_db_instance.this"]["id"] == "store"


def test_what_moto_cannot_change_in_a_block_is_refused_by_name(applied: Root) -> None:
    off, on = (f"server_side_encryption {{\n    enabled = {value}" for value in ("false", "true"))
    applied.write(NETWORK + INSTANCES + TURNED_OFF.replace(off, on))
    said = applied.fails("plan")
    assert "does not emulate changing aws_dynamodb_table.server_side_encryption.enabled" in said
