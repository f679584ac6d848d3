"""What the stand-in does not do, it says; what AWS refuses, it tells in AWS's words."""

from __future__ import annotations

import json

import pytest

from deployments.sandbox.aws_provider.schema import catalog
from tests.contract.aws_provider.world import Root

STATE_OF_A_QUEUE = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 1,
    "lineage": "made-elsewhere",
    "outputs": {},
    "resources": [
        {
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": "this",
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"schema_version": 0, "attributes": {"id": "https://a.example/queue", "name": "queue"}}],
        }
    ],
}

NOT_EMULATED = {
    "a type": ('resource "aws_sqs_queue" "this" {\n  name = "orders"\n}\n', "not emulated: aws_sqs_queue"),
    "a data source": ('data "aws_ami" "latest" {\n  most_recent = true\n}\n', "not emulated: data.aws_ami"),
    "an import": (
        'import {\n  to = aws_sqs_queue.this\n  id = "a"\n}\nresource "aws_sqs_queue" "this" {\n}\n',
        "not emulated: aws_sqs_queue",
    ),
    "an argument": (
        'resource "aws_vpc" "this" {\n  ipv4_ipam_pool_id = "ipam-pool-1"\n}\n',
        "the sandbox does not emulate aws_vpc.ipv4_ipam_pool_id",
    ),
    "an argument that is not known yet": (
        'resource "aws_eip" "this" {\n}\nresource "aws_vpc" "this" {\n  ipv4_ipam_pool_id = aws_eip.this.id\n}\n',
        "the sandbox does not emulate aws_vpc.ipv4_ipam_pool_id",
    ),
    "a secret that is in no state": (
        'variable "password" {\n  ephemeral = true\n  default   = "secret"\n}\n'
        'resource "aws_db_instance" "this" {\n  instance_class = "db.t4g.small"\n  password_wo = var.password\n}\n',
        "the sandbox does not emulate aws_db_instance.password_wo",
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


QUEUES = """
variable "names" {
  type = set(string)
}
resource "aws_sqs_queue" "this" {
  for_each = var.names
  name     = each.key
  timeouts {
    create = "1m"
  }
}
resource "aws_s3tables_table_bucket" "this" {
  count = length(var.names)
  name  = "tables"
  encryption_configuration = {
    sse_algorithm = "AES256"
    kms_key_arn   = null
  }
}
data "aws_ami" "latest" {
  count = length(var.names)
  filter {
    name   = "name"
    values = ["a"]
  }
}
output "told" {
  value = [try(aws_s3tables_table_bucket.this[0].arn.anything[0], ""), [for queue in aws_sqs_queue.this : queue.arn]]
}
"""


def with_queues(root: Root, names: str) -> Root:
    """The root with a module of three types that are not emulated, one instance for each of the names."""
    (root.folder / "queues").mkdir(exist_ok=True)
    (root.folder / "queues" / "main.tf").write_text(QUEUES)
    return root.write(f'module "queues" {{\n  source = "./queues"\n  names  = {names}\n}}\n').initialised()


def test_what_is_not_emulated_is_accepted_as_long_as_there_is_none_of_it(root: Root) -> None:
    with_queues(root, "[]").run("validate")
    assert root.changes() == {}


def test_what_is_not_emulated_is_refused_by_the_address_of_each_instance(root: Root) -> None:
    said = with_queues(root, '["a", "b"]').fails("plan")
    for address in ('aws_sqs_queue.this["a"]', 'aws_sqs_queue.this["b"]', "aws_s3tables_table_bucket.this[1]"):
        assert f"with module.queues.{address}" in said
    assert "not emulated: aws_s3tables_table_bucket" in said


def test_types_in_json_and_in_folders_elsewhere_are_known_too(root: Root) -> None:
    declared = {"aws_sqs_queue": {"this": {"count": 0, "name": "a"}}}
    (root.folder / "queue.tf.json").write_text(json.dumps({"resource": declared}))
    root.environment["TF_DATA_DIR"] = str(root.folder / "elsewhere")
    assert with_queues(root, "[]").changes() == {}


def test_terraform_can_read_the_schema_of_every_type(root: Root) -> None:
    named = " ".join([*catalog().resources, *catalog().data_sources])
    root.write(f"# {named}\n").initialised()
    [schemas] = json.loads(root.run("providers", "schema", "-json").stdout)["provider_schemas"].values()
    assert schemas["resource_schemas"].keys() == catalog().resources.keys()
    assert schemas["data_source_schemas"].keys() == catalog().data_sources.keys()


def test_a_module_may_say_something_of_itself(root: Root) -> None:
    meta = 'terraform {\n  provider_meta "aws" {\n    user_agent = ["a module"]\n  }\n}\n'
    root.write(meta + 'resource "aws_eip" "this" {\n}\n').initialised()
    assert {change.actions for change in root.changes().values()} == {("create",)}


def test_a_state_with_something_that_is_not_emulated_is_refused(root: Root) -> None:
    (root.folder / "terraform.tfstate").write_text(json.dumps(STATE_OF_A_QUEUE))
    said = root.write('resource "aws_sqs_queue" "this" {\n}\n').initialised().fails("plan")
    assert "not emulated: aws_sqs_queue" in said


def test_a_secret_that_is_in_no_state_may_be_left_out(root: Root) -> None:
    database = 'resource "aws_db_instance" "this" {\n  instance_class = "db.t4g.small"\n  password_wo = var.none\n}\n'
    root.write('variable "none" {\n  ephemeral = true\n  default   = null\n}\n' + database).initialised()
    assert {change.actions for change in root.changes().values()} == {("create",)}


def test_a_type_that_aws_does_not_have_is_terraforms_to_refuse(root: Root) -> None:
    said = root.write('resource "aws_moon_phase" "this" {\n}\n').initialised().fails("plan")
    assert "Invalid resource type" in said
    assert "not emulated" not in said


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
