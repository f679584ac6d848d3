"""The sandbox's AWS enforces IAM: what each role may and may not do, against real calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from deployments.sandbox import Sandbox
from tasks import aws
from tasks.domain.errors import Refused
from tasks.domain.platform import Environment

pytestmark = pytest.mark.sandbox

REFUSALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that AWS answers with; the empty string when it does what was asked."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.fixture
def dev(operator: Sandbox) -> Environment:
    return operator.platform.environment("dev")


@pytest.fixture
def planner(dev: Environment) -> Callable[[str], Any]:
    """Clients with the planning role of dev."""
    credentials = aws.assume(dev.roles.plan, dev.region, "tests")
    return lambda service: aws.client(service, credentials)


@pytest.fixture
def applier(dev: Environment) -> Callable[[str], Any]:
    """Clients with the applying role of dev."""
    credentials = aws.assume(dev.roles.apply, dev.region, "tests")
    return lambda service: aws.client(service, credentials)


TEMPLATE = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'

READS = [
    ("autoscaling", "describe_auto_scaling_groups", {}),
    ("backup", "list_backup_vaults", {}),
    ("cloudformation", "validate_template", {"TemplateBody": TEMPLATE}),
    ("cloudwatch", "describe_alarms", {}),
    ("dynamodb", "list_tables", {}),
    ("ec2", "describe_security_groups", {}),
    ("ecr", "describe_repositories", {}),
    ("events", "list_rules", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("iam", "list_roles", {}),
    ("kms", "list_keys", {}),
    ("logs", "describe_log_groups", {}),
    ("rds", "describe_db_instances", {}),
    ("route53", "list_hosted_zones", {}),
    ("s3", "list_buckets", {}),
    ("secretsmanager", "list_secrets", {}),
    ("sns", "list_topics", {}),
    ("sqs", "list_queues", {}),
]

WRITES = [
    (
        "cloudwatch",
        "put_metric_alarm",
        {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold"},
    ),
    ("backup", "create_backup_vault", {"BackupVaultName": "vault"}),
    ("cloudformation", "execute_change_set", {"ChangeSetName": "any", "StackName": "flowmart-any"}),
    ("cloudformation", "delete_stack", {"StackName": "flowmart-any"}),
    ("dynamodb", "delete_table", {"TableName": "carts"}),
    ("events", "create_event_bus", {"Name": "orders"}),
    ("ec2", "create_vpc", {"CidrBlock": "10.99.0.0/16"}),
    ("ec2", "authorize_security_group_ingress", {"GroupName": "default", "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}),
    ("ec2", "create_key_pair", {"KeyName": "packer_1"}),
    ("ec2", "deregister_image", {"ImageId": "ami-0deb1a12a3d640001"}),
    (
        "ec2",
        "modify_image_attribute",
        {"ImageId": "ami-0deb1a12a3d640001", "LaunchPermission": {"Add": [{"UserId": "999999999999"}]}},
    ),
    ("ecr", "create_repository", {"repositoryName": "shop"}),
    ("elbv2", "create_load_balancer", {"Name": "shop"}),
    ("iam", "create_user", {"UserName": "mallory"}),
    ("iam", "put_role_policy", {"RoleName": "flowmart-plan", "PolicyName": "p", "PolicyDocument": "{}"}),
    ("kms", "create_key", {}),
    ("logs", "create_log_group", {"logGroupName": "shop"}),
    ("rds", "delete_db_instance", {"DBInstanceIdentifier": "shop"}),
    ("route53", "create_hosted_zone", {"Name": "shop.example", "CallerReference": "1"}),
    ("s3", "create_bucket", {"Bucket": "flowmart-elsewhere"}),
    ("s3", "put_bucket_versioning", {"Bucket": "STATE", "VersioningConfiguration": {"Status": "Suspended"}}),
    ("s3", "put_object", {"Bucket": "STATE", "Key": "networking/terraform.tfstate", "Body": b"{}"}),
    ("s3", "delete_object", {"Bucket": "STATE", "Key": "networking/terraform.tfstate"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "shop"}),
    ("sns", "create_topic", {"Name": "alerts"}),
    ("sqs", "create_queue", {"QueueName": "orders"}),
]
STATE = "flowmart-dev-tfstate-222222222222"


def in_state_bucket(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: STATE if value == "STATE" else value for key, value in arguments.items()}


@pytest.mark.parametrize(("service", "operation", "arguments"), READS, ids=[f"{s}-{o}" for s, o, _ in READS])
def test_the_planning_role_reads(
    planner: Callable[[str], Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert code_of(getattr(planner(service), operation), **arguments) == ""


@pytest.mark.parametrize(("service", "operation", "arguments"), WRITES, ids=[f"{s}-{o}" for s, o, _ in WRITES])
def test_the_planning_role_is_refused_every_write(
    planner: Callable[[str], Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert code_of(getattr(planner(service), operation), **in_state_bucket(arguments)) in REFUSALS


@pytest.mark.parametrize("key", ["tests/terraform.tfstate", "tests/terraform.tfstate.tflock"])
def test_the_planning_role_neither_changes_nor_locks_state(planner: Callable[[str], Any], key: str) -> None:
    assert code_of(planner("s3").put_object, Bucket=STATE, Key=key, Body=b"{}") == "AccessDenied"


def test_the_applying_role_builds(applier: Callable[[str], Any]) -> None:
    ec2 = applier("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=vpc)
    applier("s3").put_object(Bucket=STATE, Key="tests/terraform.tfstate", Body=b"{}")


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("iam", "put_role_policy", {"RoleName": "flowmart-apply", "PolicyName": "p", "PolicyDocument": "{}"}),
        ("iam", "update_assume_role_policy", {"RoleName": "flowmart-plan", "PolicyDocument": "{}"}),
        ("iam", "create_user", {"UserName": "mallory"}),
        ("s3", "delete_bucket", {"Bucket": STATE}),
        ("s3", "put_bucket_versioning", {"Bucket": STATE, "VersioningConfiguration": {"Status": "Suspended"}}),
        ("s3", "delete_object", {"Bucket": STATE, "Key": "tests/terraform.tfstate"}),
    ],
)
def test_the_applying_role_can_neither_widen_its_powers_nor_harm_state(
    applier: Callable[[str], Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert code_of(getattr(applier(service), operation), **arguments) in REFUSALS


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("backup", "create_backup_vault", {"BackupVaultName": "vault"}),
        ("events", "create_event_bus", {"Name": "orders"}),
        ("sqs", "create_queue", {"QueueName": "flowmart-orders"}),
    ],
)
def test_what_stacks_are_made_of_the_applying_role_only_makes_through_cloudformation(
    applier: Callable[[str], Any], service: str, operation: str, arguments: dict[str, Any]
) -> None:
    assert code_of(getattr(applier(service), operation), **arguments) in REFUSALS


@pytest.mark.usefixtures("operator")
def test_the_operator_may_only_assume_roles() -> None:
    session: Any = boto3.Session(region_name="eu-west-1")
    assert session.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::111111111111:user/operator"
    for service, operation in [("ec2", "describe_vpcs"), ("s3", "list_buckets"), ("iam", "list_roles")]:
        assert code_of(getattr(session.client(service), operation)) in REFUSALS


@pytest.mark.parametrize("role", ["administrator", "flowmart-unheard-of"])
def test_the_operator_may_not_assume_other_roles(dev: Environment, role: str) -> None:
    with pytest.raises(Refused, match=f"could not assume arn:aws:iam::222222222222:role/{role}: not allowed"):
        aws.assume(f"arn:aws:iam::222222222222:role/{role}", dev.region, "tests")


def test_a_role_that_does_not_trust_us_is_refused_whatever_we_are_allowed(operator: Sandbox) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    operator.administrator("dev")("iam").create_role(RoleName="flowmart-of-others", AssumeRolePolicyDocument=document)
    with pytest.raises(Refused, match="not allowed"):
        aws.assume("arn:aws:iam::222222222222:role/flowmart-of-others", "eu-west-1", "tests")


def test_credentials_of_one_account_do_not_reach_another(operator: Sandbox, applier: Callable[[str], Any]) -> None:
    vpc = applier("ec2").create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
    elsewhere = operator.administrator("staging")("ec2").describe_vpcs()["Vpcs"]
    assert vpc not in [found["VpcId"] for found in elsewhere]
    applier("ec2").delete_vpc(VpcId=vpc)


def test_a_wrong_secret_is_noticed(operator: Sandbox) -> None:
    session: Any = boto3.Session(operator.variables["AWS_ACCESS_KEY_ID"], "wrong", region_name="eu-west-1")
    assert code_of(session.client("sts").get_caller_identity) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("environment", ["shared", "dev", "staging", "production"])
def test_every_account_has_three_zones_and_images(operator: Sandbox, environment: str) -> None:
    ec2 = operator.administrator(environment)("ec2")
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    assert zones == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert len(ec2.describe_images(Owners=["amazon"])["Images"]) > 10


LACKING = [
    ("ec2", "monitor_instances", {"InstanceIds": ["i-1"]}, "ec2 MonitorInstances"),
    ("rds", "describe_certificates", {}, "rds DescribeCertificates"),
    ("dynamodb", "list_contributor_insights", {}, "dynamodb ListContributorInsights"),
    ("route53", "list_traffic_policies", {}, "route53 GET /2013-04-01/trafficpolicies"),
    ("eks", "list_addons", {"clusterName": "x"}, "eks GET /clusters/x/addons"),
    ("gamelift", "list_builds", {}, "gamelift ListBuilds"),
]


@pytest.mark.parametrize(("service", "call", "arguments", "named"), LACKING, ids=[case[0] for case in LACKING])
def test_what_is_not_emulated_is_refused_by_name_and_asked_for_once(
    operator: Sandbox, service: str, call: str, arguments: dict[str, Any], named: str
) -> None:
    client = operator.administrator("dev")(service)
    with pytest.raises(ClientError) as raised:
        getattr(client, call)(**arguments)
    answer = raised.value.response
    assert answer["Error"]["Code"] == "NotEmulated"
    assert f"not emulated: {named}" in answer["Error"]["Message"]
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ResponseMetadata"]["RetryAttempts"]) == (400, 0)
