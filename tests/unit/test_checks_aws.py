"""Facts that AWS knows, asked of a real server (moto), and what counts as no answer from it.

The scripts in infrastructure/scripts/smoke are held here too: they ask the same server.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.errors import Refused
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tests.servers.loopback import serving

LOAD_BALANCING = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "eu-west-1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Aws:
    """An endpoint: its clients, and checks that ask it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.session: Any = boto3.Session("testing", "testing", region_name="eu-west-1")

    def client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60)
        return self.session.client(service, endpoint_url=self.endpoint, config=once)

    def asked(self, fact: str, **options: Any) -> CheckResult:
        return self.checked(Check("a check", "aws", {"fact": fact, **options}, within=0))

    def script(self, path: str, *arguments: str) -> CheckResult:
        options = {"path": f"scripts/smoke/{path}", "arguments": list(arguments)}
        return self.checked(Check("a check", "script", options, within=0))

    def checked(self, check: Check) -> CheckResult:
        variables = VARIABLES | {"AWS_ENDPOINT_URL": self.endpoint}
        return running.run(check, Surroundings(self.client, {}, INFRASTRUCTURE, variables))


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Aws(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="module")
def subnet(aws: Aws) -> dict[str, str]:
    """A network for whatever needs one: {"VpcId": ..., "SubnetId": ...}."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    found: dict[str, str] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]
    return found


@contextmanager
def refusing(code: str, status: int = 400) -> Iterator[Aws]:
    """An AWS that answers everything with one error, as its JSON services word it."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"__type": code, "message": "not now"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are silent."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as server:
        yield Aws(f"http://127.0.0.1:{server.server_address[1]}")


def told(result: CheckResult) -> tuple[Outcome, str]:
    return result.outcome, result.found


# --- facts ------------------------------------------------------------------------------------------------


def test_a_database_that_is_available_and_one_that_is_stopped(aws: Aws) -> None:
    rds = aws.client("rds")
    rds.create_db_instance(DBInstanceIdentifier="shop", DBInstanceClass="db.t4g.micro", Engine="postgres")
    result = aws.asked("database_available", identifier="shop")
    assert told(result) == (Outcome.SUCCEEDED, "it is available")
    assert result.expected == "database shop is available"

    rds.stop_db_instance(DBInstanceIdentifier="shop")
    assert told(aws.asked("database_available", identifier="shop")) == (Outcome.FAILED, "it is stopped")


def test_a_table_that_is_active(aws: Aws) -> None:
    make_table(aws, "carts")
    assert told(aws.asked("table_active", table="carts")) == (Outcome.SUCCEEDED, "it is ACTIVE")


def test_a_table_can_be_restored_only_while_recovery_is_on(aws: Aws) -> None:
    make_table(aws, "orders")
    assert told(aws.asked("point_in_time_recovery", table="orders")) == (Outcome.FAILED, "it is DISABLED")
    aws.client("dynamodb").update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    result = aws.asked("point_in_time_recovery", table="orders")
    assert told(result) == (Outcome.SUCCEEDED, "it is ENABLED")
    assert result.expected == "point-in-time recovery of table orders is ENABLED"


def test_hosts_are_counted_by_their_health(aws: Aws, subnet: dict[str, str]) -> None:
    elb, ec2 = aws.client("elbv2"), aws.client("ec2")
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=subnet["VpcId"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    assert told(aws.asked("healthy_hosts", target_group=arn)) == (Outcome.FAILED, "0 of 0 healthy")

    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2, SubnetId=subnet["SubnetId"])
    ids = [instance["InstanceId"] for instance in made["Instances"]]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": i} for i in ids])
    ec2.stop_instances(InstanceIds=ids[:1])

    assert told(aws.asked("healthy_hosts", target_group=arn)) == (Outcome.SUCCEEDED, "1 of 2 healthy")
    result = aws.asked("healthy_hosts", target_group=arn, at_least=2)
    assert told(result) == (Outcome.FAILED, "1 of 2 healthy")
    assert result.expected == f"at least 2 healthy hosts in {arn}"


def test_instances_are_counted_when_they_are_in_service(aws: Aws, subnet: dict[str, str]) -> None:
    scaling = aws.client("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName="web", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=2,
        VPCZoneIdentifier=subnet["SubnetId"],
    )
    result = aws.asked("instances_in_service", autoscaling_group="web", at_least=2)
    assert told(result) == (Outcome.SUCCEEDED, "2 of 2 in service")
    assert result.expected == "at least 2 in service in web"

    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    assert told(aws.asked("instances_in_service", autoscaling_group="web")) == (Outcome.FAILED, "0 of 0 in service")


def test_gateways_are_counted_in_their_own_network(aws: Aws, subnet: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], AllocationId=address)
    right = aws.asked("nat_gateways_available", vpc=subnet["VpcId"])
    assert told(right) == (Outcome.SUCCEEDED, "1 of 1 available")
    assert told(aws.asked("nat_gateways_available", vpc="vpc-0")) == (Outcome.FAILED, "0 of 0 available")

    ec2.delete_nat_gateway(NatGatewayId=made["NatGateway"]["NatGatewayId"])
    gone = aws.asked("nat_gateways_available", vpc=subnet["VpcId"])
    assert told(gone) == (Outcome.FAILED, "0 of 0 available")


def test_alarms_pass_when_enough_exist_and_none_is_in_alarm(aws: Aws) -> None:
    watch = aws.client("cloudwatch")
    assert told(aws.asked("alarms_quiet", prefix="shop-")) == (Outcome.FAILED, "0 alarms, none in alarm")
    for name in ("shop-errors", "shop-latency", "other"):
        watch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, MetricName="m",
            Namespace="n", Period=60, Statistic="Sum", Threshold=1,
        )  # fmt: skip
    right = aws.asked("alarms_quiet", prefix="shop-", at_least=2)
    assert told(right) == (Outcome.SUCCEEDED, "2 alarms, none in alarm")

    watch.set_alarm_state(AlarmName="shop-latency", StateValue="ALARM", StateReason="test")
    assert told(aws.asked("alarms_quiet", prefix="shop-")) == (Outcome.FAILED, "in alarm: shop-latency")


def test_a_queue_that_exists(aws: Aws) -> None:
    url = aws.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    result = aws.asked("queue_exists", queue=url)
    assert told(result) == (Outcome.SUCCEEDED, "it is there, about 1 messages in it")
    assert result.expected == f"queue {url} is there"


def test_a_stack_that_is_complete_and_one_that_is_only_reviewed(aws: Aws) -> None:
    stacks, template = aws.client("cloudformation"), json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    stacks.create_stack(StackName="orders", TemplateBody=template)
    assert told(aws.asked("stack_good", stack="orders")) == (Outcome.SUCCEEDED, "it is CREATE_COMPLETE")
    stacks.create_change_set(StackName="new", ChangeSetName="one", TemplateBody=template, ChangeSetType="CREATE")
    assert told(aws.asked("stack_good", stack="new")) == (Outcome.FAILED, "it is REVIEW_IN_PROGRESS")


def test_an_image_that_is_available_and_one_that_was_deregistered(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    image = ec2.register_image(Name="shop")["ImageId"]
    result = aws.asked("image_available", image=image)
    assert told(result) == (Outcome.SUCCEEDED, "it is available")
    assert result.expected == f"image {image} is available"

    ec2.disable_image(ImageId=image)
    assert told(aws.asked("image_available", image=image)) == (Outcome.FAILED, "it is disabled")
    ec2.deregister_image(ImageId=image)
    assert told(aws.asked("image_available", image=image)) == (Outcome.FAILED, "it does not exist")


@pytest.mark.parametrize(
    ("fact", "options"),
    [
        ("queue_exists", {"queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/missing"}),
        ("stack_good", {"stack": "missing"}),
        ("image_available", {"image": "ami-0123456789abcdef0"}),
        ("database_available", {"identifier": "missing"}),
        ("table_active", {"table": "missing"}),
        ("point_in_time_recovery", {"table": "missing"}),
        ("instances_in_service", {"autoscaling_group": "missing"}),
        (
            "healthy_hosts",
            {"target_group": f"{LOAD_BALANCING}:targetgroup/missing/0123456789abcdef"},
        ),
    ],
)
def test_a_missing_resource_fails(aws: Aws, fact: str, options: dict[str, str]) -> None:
    assert told(aws.asked(fact, **options)) == (Outcome.FAILED, "it does not exist")


# --- no answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("AccessDeniedException", 400), ("ExpiredTokenException", 400), ("Internal", 500)],
)
def test_an_error_that_says_nothing_about_the_resource_is_unanswered(code: str, status: int) -> None:
    with refusing(code, status) as unwilling:
        result = unwilling.asked("table_active", table="carts")
        script = unwilling.script("buckets_are_closed.py", "logs")
    assert result.outcome is Outcome.UNANSWERED
    assert code in result.found
    assert script.outcome is Outcome.UNANSWERED


def test_an_endpoint_that_does_not_respond_is_unanswered() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = Aws(f"http://127.0.0.1:{bound.getsockname()[1]}")
        assert nobody.asked("table_active", table="carts").outcome is Outcome.UNANSWERED
        assert nobody.script("buckets_are_closed.py", "logs").outcome is Outcome.UNANSWERED


def test_missing_credentials_are_unanswered() -> None:
    def no_client(service: str) -> Any:
        raise Refused(f"may not assume the role to ask {service}")

    check = Check("a check", "aws", {"fact": "table_active", "table": "carts"}, within=0)
    result = running.run(check, Surroundings(no_client, {}, INFRASTRUCTURE, {}))
    assert told(result) == (Outcome.UNANSWERED, "may not assume the role to ask dynamodb")


# --- the scripts ------------------------------------------------------------------------------------------


def test_buckets_are_closed_only_when_nothing_is_missing(aws: Aws) -> None:
    s3 = aws.client("s3")
    for name in ("open-logs", "closed-logs"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    four = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket="closed-logs", PublicAccessBlockConfiguration=dict.fromkeys(four, True))
    s3.put_public_access_block(
        Bucket="open-logs", PublicAccessBlockConfiguration=dict.fromkeys(four, True) | {"BlockPublicPolicy": False}
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="closed-logs", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket="closed-logs", VersioningConfiguration={"Status": "Enabled"})

    assert told(aws.script("buckets_are_closed.py", "closed-logs")) == (
        Outcome.SUCCEEDED,
        "closed-logs: closed, encrypted, versioned",
    )
    result = aws.script("buckets_are_closed.py", "closed-logs", "open-logs", "missing-logs")
    assert result.outcome is Outcome.FAILED
    assert "open-logs: is not closed to the public" in result.found
    assert "open-logs: does not keep old versions" in result.found
    assert result.found.endswith("missing-logs: there is no such bucket")
    assert "closed-logs:" not in result.found


def test_a_script_without_arguments_says_how_to_use_it(aws: Aws) -> None:
    usage = "exit code 2: usage: buckets_are_closed.py BUCKET..."
    assert told(aws.script("buckets_are_closed.py")) == (Outcome.UNANSWERED, usage)


def make_table(aws: Aws, name: str) -> None:
    aws.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
