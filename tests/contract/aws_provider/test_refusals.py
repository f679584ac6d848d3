"""What the stand-in does not do, it says; what AWS refuses, it tells in AWS's words."""

from __future__ import annotations

import json

import pytest

from tests.contract.aws_provider.world import Root

NOT_EMULATED = {
    "a type": (
        'resource "aws_sqs_queue" "this" {\n  name = "orders"\n}\n',
        "the sandbox does not emulate aws_sqs_queue",
    ),
    "a data source": (
        'data "aws_ami" "latest" {\n  most_recent = true\n}\n',
        "the sandbox does not emulate data.aws_ami",
    ),
    "an argument": (
        'resource "aws_vpc" "this" {\n  ipv4_ipam_pool_id = "ipam-pool-1"\n}\n',
        "the sandbox does not emulate aws_vpc.ipv4_ipam_pool_id",
    ),
    "an argument that is not known yet": (
        'resource "aws_eip" "this" {\n}\nresource "aws_vpc" "this" {\n  ipv4_ipam_pool_id = aws_eip.this.id\n}\n',
        "the sandbox does not emulate aws_vpc.ipv4_ipam_pool_id",
    ),
    "a block": (
        'resource "aws_s3_bucket" "this" {\n  website {\n    index_document = "index.html"\n  }\n}\n',
        "the sandbox does not emulate aws_s3_bucket.website",
    ),
    "an argument in a block": (
        'resource "aws_autoscaling_policy" "this" {\n  name = "a"\n  autoscaling_group_name = "b"\n'
        "  target_tracking_configuration {\n    target_value = 1\n    customized_metric_specification {\n"
        "      period = 10\n    }\n  }\n}\n",
        "aws_autoscaling_policy.target_tracking_configuration.customized_metric_specification.period",
    ),
}


@pytest.mark.parametrize(("hcl", "says"), NOT_EMULATED.values(), ids=NOT_EMULATED)
def test_a_plan_says_that_it_is_not_emulated(root: Root, hcl: str, says: str) -> None:
    assert says in root.write(hcl).initialised().fails("plan")


def test_what_asks_for_nothing_is_accepted(root: Root) -> None:
    root.write(
        'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n  ipv4_ipam_pool_id = null\n}\n'
    ).initialised()
    assert {change.actions for change in root.changes().values()} == {("create",)}


def test_a_type_that_is_not_emulated_is_found_in_a_module_too(root: Root) -> None:
    (root.folder / "queue").mkdir()
    (root.folder / "queue" / "main.tf").write_text('\nresource "aws_sqs_queue" "this" {\n}\n')
    said = root.write('module "queue" {\n  source = "./queue"\n}\n').initialised().fails("plan")
    assert "does not emulate aws_sqs_queue" in said
    assert "queue/main.tf:2" in said


def test_a_type_that_aws_does_not_have_is_terraforms_to_refuse(root: Root) -> None:
    said = root.write('resource "aws_moon_phase" "this" {\n}\n').initialised().fails("plan")
    assert "Invalid resource type" in said
    assert "does not emulate" not in said


def test_a_change_that_moto_has_no_call_for_is_refused_at_plan(root: Root) -> None:
    hcl = """
    resource "aws_iam_openid_connect_provider" "this" {
      url            = "https://a.example"
      client_id_list = ["one"]
    }
    """
    root.write(hcl).initialised().apply()
    said = root.write(hcl.replace("one", "two")).fails("plan")
    assert "the sandbox does not emulate changing aws_iam_openid_connect_provider.client_id_list" in said


def test_another_account_than_the_allowed_ones_is_refused(root: Root) -> None:
    provider = 'provider "aws" {\n  allowed_account_ids = ["999999999999"]\n}\n'
    said = root.write('resource "aws_eip" "this" {\n}\n', provider).initialised().fails("plan")
    assert f"AWS account ID not allowed: {root.account}" in said


def test_a_missing_region_is_named(root: Root) -> None:
    root.write('resource "aws_eip" "this" {\n}\n').initialised()
    del root.environment["AWS_REGION"]
    assert "Missing region" in root.fails("plan")


BUCKET = 'resource "aws_s3_bucket" "this" {\n  bucket = "NAME"\n}\n'
IRELAND = {"LocationConstraint": "eu-west-1"}


def test_what_aws_refuses_is_told_with_operation_and_object(root: Root) -> None:
    root.client("s3").create_bucket(Bucket=f"taken-{root.account}", CreateBucketConfiguration=IRELAND)
    said = root.write(BUCKET.replace("NAME", f"taken-{root.account}")).initialised().fails("apply", "-auto-approve")
    assert f"creating S3 Bucket (taken-{root.account}): operation error S3: CreateBucket" in said
    assert "StatusCode: 409" in said
    assert "api error BucketAlreadyOwnedByYou" in said


def test_a_deletion_that_aws_refuses_leaves_the_object_in_the_state(root: Root) -> None:
    root.write(BUCKET.replace("NAME", f"full-{root.account}")).initialised().apply()
    root.client("s3").put_object(Bucket=f"full-{root.account}", Key="a", Body=b"a")
    assert "BucketNotEmpty" in root.fails("destroy", "-auto-approve")
    assert "aws_s3_bucket.this" in root.state


def test_an_object_whose_making_failed_half_way_is_known_and_tainted(root: Root) -> None:
    hcl = """
    resource "aws_vpc" "this" {
      cidr_block = "10.0.0.0/16"
    }
    resource "aws_security_group" "this" {
      name   = "half"
      vpc_id = aws_vpc.this.id
      ingress {
        from_port   = 80
        to_port     = 80
        protocol    = "tcp"
        cidr_blocks = ["not an address"]
      }
    }
    """
    said = root.write(hcl).initialised().fails("apply", "-auto-approve")
    assert "AuthorizeSecurityGroupIngress" in said
    state = json.loads((root.folder / "terraform.tfstate").read_text())
    [group] = [r for r in state["resources"] if r["type"] == "aws_security_group"]
    assert group["instances"][0]["status"] == "tainted"
    root.destroy()


def test_aws_that_does_not_answer_is_an_error_that_names_the_address(root: Root) -> None:
    root.write(
        'resource "aws_eip" "this" {\n}\n', 'provider "aws" {\n  allowed_account_ids = ["1"]\n}\n'
    ).initialised()
    root.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    assert 'request send failed, Post "http://127.0.0.1:1/": dial tcp' in root.fails("plan")
