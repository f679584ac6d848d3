"""The cloudformation engine on the sandbox's stacks, with the roles of an environment: every state it can meet."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tasks.domain.errors import InvalidInput, Refused, StalePlan
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import Action, Reversibility
from tasks.domain.platform import Unit
from tasks.domain.release import Target
from tasks.domain.values import MASK
from tasks.policy import rego
from tests.platforms.colours import ALERTS, ALLOW_ALL, BAD, GOOD, ORDERS, STACK, Colours, template

pytestmark = pytest.mark.sandbox

# --- planning ------------------------------------------------------------------------------------------------


def test_a_template_that_is_too_large_for_a_request_goes_through_a_bucket(colours: Colours, templates: str) -> None:
    document = {**template(Orders=ORDERS), "Metadata": {"Padding": "x" * 60_000}}
    colours.validate(one := colours.release("one", document, template_bucket=templates))
    receipt = colours.promoted(one)
    assert colours.verified(one) is Outcome.SUCCEEDED
    assert colours.drift(receipt).changes == ()
    two = colours.release("two", document, template_bucket=templates, Seconds=GOOD)
    colours.promoted(two)
    assert colours.seconds == GOOD
    colours.applied(colours.rollback(two, receipt))
    assert colours.seconds == "30"


def test_a_template_that_cannot_be_written_to_its_bucket_is_refused(colours: Colours) -> None:
    document = {**template(Orders=ORDERS), "Metadata": {"Padding": "x" * 60_000}}
    with pytest.raises(Refused, match="could not write s3://flowmart-elsewhere/flowmart/dev/colours/"):
        colours.plan(colours.release("one", document, template_bucket="flowmart-elsewhere"))


EXPORTING = {"Export": {"Name": "orders-url"}}


@pytest.fixture
def importer(colours: Colours) -> Iterator[Callable[[], str]]:
    """Makes a stack that imports `orders-url`, and gives what the import came to."""
    client = colours.administrator("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "orders-url"}}}

    def make() -> str:
        made = client.create_change_set(
            StackName="flowmart-dev-importer",
            ChangeSetName="one",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps({"Resources": {"T": topic}, "Outputs": {"Arn": {"Value": {"Ref": "T"}}}}),
        )
        client.execute_change_set(ChangeSetName=made["Id"])
        [stack] = client.describe_stacks(StackName="flowmart-dev-importer")["Stacks"]
        attributes = colours.administrator("sns").get_topic_attributes(TopicArn=stack["Outputs"][0]["OutputValue"])
        return str(attributes["Attributes"]["DisplayName"])

    yield make
    client.delete_stack(StackName="flowmart-dev-importer")


def test_an_export_that_is_imported_can_neither_go_nor_be_deleted(
    colours: Colours, importer: Callable[[], str]
) -> None:
    document = template(Orders=ORDERS)
    document["Outputs"]["Url"] |= EXPORTING
    one = colours.release("one", document)
    receipt = colours.promoted(one)
    assert importer() == receipt.outputs["Url"]
    assert colours.plan(colours.release("same", document, Seconds=GOOD)).changes
    told = "its export orders-url would go, and is imported by flowmart-dev-importer"
    with pytest.raises(Refused, match=told):
        colours.plan(colours.release("two", template(Orders=ORDERS)))
    with pytest.raises(Refused, match=told):
        colours.rollback(one, None)


def test_an_export_that_nobody_imports_may_go(colours: Colours) -> None:
    document = template(Orders=ORDERS)
    document["Outputs"]["Url"] |= EXPORTING
    colours.promoted(colours.release("one", document))
    colours.promoted(colours.release("two", template(Orders=ORDERS)))
    exports = colours.administrator("cloudformation").list_exports()["Exports"]
    assert "orders-url" not in [export["Name"] for export in exports]


def test_a_plan_is_a_change_set_that_only_its_owner_finds(colours: Colours) -> None:
    plan = colours.plan(colours.release("one", template(Orders=ORDERS)))
    assert plan.artifact is not None
    assert stat.S_IMODE(plan.artifact.path.stat().st_mode) == 0o600
    kept = json.loads(plan.artifact.path.read_text())
    described = colours.administrator("cloudformation").describe_change_set(ChangeSetName=kept["change_set"])
    assert described["ExecutionStatus"] == "AVAILABLE"
    assert colours.stack["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_what_was_reviewed_and_never_applied_is_in_nobodys_way(colours: Colours) -> None:
    colours.plan(colours.release("one", template(Alerts=ALERTS)))
    colours.promoted(colours.release("two", template(Orders=ORDERS)))
    assert colours.stack["StackStatus"] == "CREATE_COMPLETE"


def test_nothing_to_change_is_an_empty_plan_and_leaves_no_change_set(colours: Colours) -> None:
    target = colours.release("one", template(Orders=ORDERS), Seconds=GOOD)
    colours.promoted(target)
    plan = colours.plan(target)
    assert plan.empty
    assert colours.administrator("cloudformation").list_change_sets(StackName=STACK)["Summaries"] == []
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED


def test_another_output_alone_is_no_empty_plan(colours: Colours) -> None:
    colours.promoted(colours.release("one", template(Orders=ORDERS)))
    document = template(Orders=ORDERS)
    document["Outputs"]["Colour"] = {"Value": "blue"}
    two = colours.release("two", document)
    plan = colours.plan(two)
    assert (plan.changes, plan.empty) == ((), False)
    assert colours.applied(plan).outputs["Colour"] == "blue"


def test_a_change_of_what_cannot_be_changed_is_shown_as_a_replacement(colours: Colours) -> None:
    named = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "flowmart-one"}}
    colours.promoted(colours.release("one", template(Orders=named)))
    renamed = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "flowmart-two"}}
    plan = colours.plan(colours.release("two", template(Orders=renamed)))
    (change,) = plan.changes
    assert (change.action, change.because) == (Action.REPLACE, ("QueueName",))
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    assert "± Orders AWS::SQS::Queue (because of QueueName)" in plan.text


def test_what_may_be_replaced_needs_care(colours: Colours) -> None:
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"TopicArn": {"Ref": "Alerts"}, "Protocol": "email", "Endpoint": "a@flowmart.example"},
    }
    named = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "flowmart-one"}}
    colours.promoted(colours.release("one", template(Alerts=named, Mails=subscription)))
    renamed = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "flowmart-two"}}
    plan = colours.plan(colours.release("two", template(Alerts=renamed, Mails=subscription)))
    assert [(change.address, change.action) for change in plan.changes] == [
        ("Alerts", Action.REPLACE),
        ("Mails", Action.UPDATE),
    ]
    assert "Mails may be replaced, because of TopicArn" in plan.warnings
    assert plan.reversibility is Reversibility.NEEDS_CARE


def test_what_is_not_echoed_is_shown_nowhere(colours: Colours) -> None:
    secret = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "key ${Secret}"}}}
    plan = colours.plan(colours.release("one", template(Alerts=secret), Secret="hunter2hunter2"))
    assert "hunter2" not in f"{plan.changes} {plan.text}"
    assert (plan.changes[0].after or {})["DisplayName"] == f"key {MASK}"


def test_the_tags_of_the_platform_are_on_everything(colours: Colours) -> None:
    colours.promoted(colours.release("one", template(Orders=ORDERS)))
    url = colours.stack["Outputs"][0]["OutputValue"]
    tags = colours.administrator("sqs").list_queue_tags(QueueUrl=url)["Tags"]
    assert tags == {"Environment": "dev", "Unit": "colours", "ManagedBy": "cloudformation"}


def test_roles_are_only_made_by_units_that_say_so(colours: Colours) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
    with pytest.raises(Refused, match="CAPABILITY_IAM"):
        colours.plan(colours.release("one", template(Role=role)))


def test_what_is_wrong_with_a_unit_is_found_before_it_can_be_planned(colours: Colours) -> None:
    colours.validate(colours.release("one", template(Orders=ORDERS), Seconds="{monitoring.seconds}"))
    with pytest.raises(
        InvalidInput, match=r"template\.yaml: has no parameter Secnods; its parameters: Seconds, Secret"
    ):
        colours.validate(colours.release("two", template(Orders=ORDERS), Secnods=GOOD))


# --- applying, and what fails on the way ---------------------------------------------------------------------


def test_a_stack_that_somebody_changed_makes_the_plan_stale(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS))
    colours.promoted(one)
    plan = colours.plan(colours.release("two", template(Orders=ORDERS), Seconds=GOOD))
    colours.promoted(colours.release("three", template(Orders=ORDERS), Seconds="90"))
    with pytest.raises(StalePlan, match="changed since it was planned"):
        colours.applied(plan)
    assert colours.seconds == "90"


def test_a_change_set_that_is_gone_makes_the_plan_stale(colours: Colours) -> None:
    plan = colours.plan(colours.release("one", template(Orders=ORDERS)))
    assert plan.artifact is not None
    change_set = json.loads(plan.artifact.path.read_text())["change_set"]
    colours.administrator("cloudformation").delete_change_set(ChangeSetName=change_set)
    with pytest.raises(StalePlan, match="does not exist; plan again"):
        colours.applied(plan)


def test_a_failed_update_is_rolled_back_and_says_what_failed_first(colours: Colours) -> None:
    colours.promoted(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    topics = colours.administrator("sns").list_topics()["Topics"]
    failed = colours.apply(colours.release("two", template(Alerts=ALERTS, Orders=ORDERS), Seconds=BAD))
    assert failed.outcome is Outcome.FAILED
    assert failed.detail.startswith("Orders (AWS::SQS::Queue): Resource handler returned message:")
    assert failed.detail.endswith("is UPDATE_ROLLBACK_COMPLETE")
    assert colours.seconds == GOOD
    assert colours.administrator("sns").list_topics()["Topics"] == topics


def test_after_a_failed_update_the_earlier_release_is_there_and_another_can_come(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS), Seconds=GOOD)
    receipt = colours.promoted(one)
    two = colours.release("two", template(Orders=ORDERS), Seconds=BAD)
    colours.apply(two)
    back = colours.rollback(two, receipt)
    assert back.changes == ()
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert colours.verified(one) is Outcome.SUCCEEDED
    colours.promoted(colours.release("three", template(Orders=ORDERS), Seconds="90"))
    assert colours.seconds == "90"


def test_a_failed_create_leaves_what_the_next_plan_deletes_first(colours: Colours) -> None:
    failed = colours.apply(colours.release("one", template(Orders=ORDERS), Seconds=BAD))
    assert failed.outcome is Outcome.FAILED
    assert colours.stack["StackStatus"] == "ROLLBACK_COMPLETE"
    two = colours.release("two", template(Orders=ORDERS), Seconds=GOOD)
    plan = colours.plan(two)
    assert [(change.address, change.action) for change in plan.changes] == [("Orders", Action.CREATE)]
    assert plan.warnings == (f"stack {STACK} is ROLLBACK_COMPLETE since its create failed: it is deleted first",)
    assert colours.applied(plan).outcome is Outcome.SUCCEEDED
    assert (colours.stack["StackStatus"], colours.seconds) == ("CREATE_COMPLETE", GOOD)


def test_what_a_failed_create_left_goes_with_the_way_back(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS), Seconds=BAD)
    colours.apply(one)
    assert colours.applied(colours.rollback(one, None)).outcome is Outcome.SUCCEEDED
    assert colours.administrator("cloudformation").describe_stacks()["Stacks"] == []


def test_a_way_back_that_got_stuck_names_what_it_is_stuck_on_and_is_continued(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS), Seconds=GOOD)
    receipt = colours.promoted(one)
    url = colours.stack["Outputs"][0]["OutputValue"]
    attributes = {"VisibilityTimeout": GOOD}
    colours.administrator("sqs").delete_queue(QueueUrl=url)
    two = colours.release("two", template(Orders=ORDERS), Seconds="90")
    stuck = colours.apply(two)
    assert stuck.outcome is Outcome.FAILED
    assert stuck.detail.endswith("is UPDATE_ROLLBACK_FAILED: could not be rolled back: Orders")
    with pytest.raises(Refused, match="UPDATE_ROLLBACK_FAILED, stuck on Orders; roll the release back, or fix them"):
        colours.plan(two)

    colours.administrator("sqs").create_queue(QueueName=url.split("/")[-1], Attributes=attributes)
    back = colours.rollback(two, receipt)
    assert [change.address for change in back.changes] == ["Orders"]
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert colours.verified(one) is Outcome.SUCCEEDED


def test_a_way_back_that_is_still_stuck_says_so(colours: Colours) -> None:
    receipt = colours.promoted(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    colours.administrator("sqs").delete_queue(QueueUrl=colours.stack["Outputs"][0]["OutputValue"])
    two = colours.release("two", template(Orders=ORDERS), Seconds="90")
    colours.apply(two)
    still = colours.applied(colours.rollback(two, receipt))
    assert still.outcome is Outcome.FAILED
    assert "could not be rolled back: Orders" in still.detail


def test_what_the_applying_role_may_not_do_cloudformation_may_not_do_for_it(colours: Colours) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
    failed = colours.apply(colours.release("one", template(Note=parameter)))
    assert failed.outcome is Outcome.FAILED
    assert "not authorized to perform: ssm:PutParameter" in failed.detail


ROLE = {"Service": "ec2.amazonaws.com"}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": ROLE, "Action": "sts:AssumeRole"}]}
OPEN = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}


def foundation(days: int, *rules: Mapping[str, Any]) -> dict[str, Any]:
    group = {"GroupDescription": "web", "SecurityGroupIngress": list(rules)}
    encryption = {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    }
    bucket = {"VersioningConfiguration": {"Status": "Enabled"}, "BucketEncryption": encryption}
    return template(
        Files={"Type": "AWS::S3::Bucket", "Properties": bucket},
        Log={"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}},
        Web={"Type": "AWS::EC2::SecurityGroup", "Properties": group},
        Role={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        Profile={"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
    )


def test_what_most_stacks_are_built_on_is_made_changed_and_removed(colours: Colours) -> None:
    one = colours.release("one", foundation(7, OPEN), capabilities=["CAPABILITY_IAM"])
    receipt = colours.promoted(one)
    assert colours.verified(one) is Outcome.SUCCEEDED
    assert colours.drift(receipt).changes == ()
    two = colours.release("two", foundation(14), capabilities=["CAPABILITY_IAM"])
    assert {(change.address, change.action) for change in colours.plan(two).changes} == {
        ("Log", Action.UPDATE),
        ("Web", Action.UPDATE),
    }
    colours.promoted(two)
    assert colours.verified(two) is Outcome.SUCCEEDED
    assert colours.applied(colours.rollback(two, None)).outcome is Outcome.SUCCEEDED


def test_a_queue_of_that_name_is_not_taken_over(colours: Colours) -> None:
    url = colours.administrator("sqs").create_queue(QueueName="flowmart-dev-somebodys")["QueueUrl"]
    named = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "flowmart-dev-somebodys"}}
    applied = colours.apply(colours.release("one", template(Orders=named)))
    assert applied.outcome is Outcome.FAILED
    assert "already exists by that name" in applied.detail
    assert colours.administrator("sqs").get_queue_attributes(QueueUrl=url)
    colours.administrator("sqs").delete_queue(QueueUrl=url)


def test_what_the_sandbox_does_not_emulate_is_refused_by_the_plan(colours: Colours) -> None:
    with pytest.raises(Refused, match="the sandbox does not emulate AWS::IoT::Thing"):
        colours.plan(colours.release("one", template(Orders=ORDERS, Thing={"Type": "AWS::IoT::Thing"})))


# --- after an apply without an answer, and over what was there before -------------------------------------------


def test_what_was_done_is_observed_as_done(colours: Colours) -> None:
    plan = colours.plan(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    assert colours.engine(plan.target).observe(plan).progress is Progress.UNCHANGED
    applied = colours.applied(plan)
    found = colours.engine(plan.target).observe(plan)
    assert (found.progress, found.outputs) == (Progress.DONE, applied.outputs)


def test_an_update_that_cloudformation_put_back_is_observed_as_unchanged_with_its_reason(colours: Colours) -> None:
    colours.promoted(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    plan = colours.plan(colours.release("two", template(Orders=ORDERS), Seconds=BAD))
    colours.applied(plan)
    found = colours.engine(plan.target).observe(plan)
    assert found.progress is Progress.UNCHANGED
    assert "was rolled back (UPDATE_ROLLBACK_COMPLETE): Orders (AWS::SQS::Queue)" in found.detail


def test_a_deletion_is_observed_as_done(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS))
    colours.promoted(one)
    plan = colours.rollback(one, None)
    colours.applied(plan)
    assert colours.engine(one).observe(plan).progress is Progress.DONE


def test_what_existed_before_is_returned_to_and_not_removed(colours: Colours) -> None:
    colours.promoted(colours.release("by hand", template(Orders=ORDERS), Seconds=GOOD))
    one = colours.release("one", template(Orders=ORDERS, Alerts=ALERTS), Seconds="90")
    baseline = colours.engine(one).adopt()
    assert baseline
    assert baseline.description == f"existing stack {STACK}, CREATE_COMPLETE"
    colours.promoted(one)
    back = colours.rollback(one, baseline)
    assert ("Alerts", Action.DELETE) in [(change.address, change.action) for change in back.changes]
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert colours.seconds == GOOD


# --- what protects a stack -------------------------------------------------------------------------------------


def test_a_protected_unit_has_termination_protection_and_a_way_back_that_policy_let_through_lifts_it(
    colours: Colours,
) -> None:
    one = colours.release("one", template(Orders=ORDERS), protected=True)
    colours.promoted(one)
    client = colours.administrator("cloudformation")
    with pytest.raises(client.exceptions.ClientError, match="TerminationProtection is enabled"):
        client.delete_stack(StackName=STACK)
    back = colours.rollback(one, None)
    assert back.reversibility is Reversibility.IRREVERSIBLE
    assert colours.applied(back).outcome is Outcome.SUCCEEDED


def test_a_unit_that_becomes_protected_says_so_in_its_plan(colours: Colours) -> None:
    colours.promoted(colours.release("one", template(Orders=ORDERS)))
    two = colours.release("two", template(Orders=ORDERS), protected=True)
    (change,) = colours.plan(two).changes
    assert (change.address, change.attributes) == (STACK, ("EnableTerminationProtection",))
    colours.promoted(two)
    assert colours.stack["EnableTerminationProtection"] is True


def test_the_stack_policy_is_set_and_obeyed(colours: Colours) -> None:
    keep = {
        "Statement": [
            *ALLOW_ALL["Statement"],
            {**ALLOW_ALL["Statement"][0], "Effect": "Deny", "Resource": "LogicalResourceId/Orders"},
        ]
    }
    colours.promoted(colours.release("one", template(Orders=ORDERS), policy=keep))
    failed = colours.apply(colours.release("two", template(Orders=ORDERS), policy=keep, Seconds=GOOD))
    assert failed.outcome is Outcome.FAILED
    assert "Action denied by stack policy" in failed.detail
    assert colours.seconds == "30"


def test_on_the_way_back_the_stack_policy_does_not_keep_what_the_failed_release_added(colours: Colours) -> None:
    deny = {**ALLOW_ALL["Statement"][0], "Effect": "Deny", "Action": "Update:Delete"}
    keep = {"Statement": [*ALLOW_ALL["Statement"], deny]}
    one = colours.release("one", template(Orders=ORDERS), policy=keep)
    receipt = colours.promoted(one)
    two = colours.release("two", template(Orders=ORDERS, Alerts=ALERTS), policy=keep)
    colours.promoted(two)
    back = colours.rollback(two, receipt)
    assert [(change.address, change.action) for change in back.changes] == [("Alerts", Action.DELETE)]
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    assert colours.verified(one) is Outcome.SUCCEEDED
    policy = colours.administrator("cloudformation").get_stack_policy(StackName=STACK)["StackPolicyBody"]
    assert json.loads(policy) == keep


def test_what_is_retained_is_told_as_kept(colours: Colours) -> None:
    one = colours.release("one", template(Orders={**ORDERS, "DeletionPolicy": "Retain"}, Alerts=ALERTS))
    colours.promoted(one)
    url = colours.stack["Outputs"][0]["OutputValue"]
    back = colours.rollback(one, None)
    assert [change.address for change in back.changes] == ["Alerts"]
    assert back.warnings == (f"Orders ({url}) stays: DeletionPolicy Retain",)
    assert colours.applied(back).outcome is Outcome.SUCCEEDED
    colours.administrator("sqs").delete_queue(QueueUrl=url)


# --- drift -----------------------------------------------------------------------------------------------------


def test_a_queue_that_was_changed_and_a_topic_that_was_deleted_by_hand_are_drift(colours: Colours) -> None:
    one = colours.release("one", template(Orders=ORDERS, Alerts=ALERTS), Seconds=GOOD)
    receipt = colours.promoted(one)
    assert colours.drift(receipt).changes == ()
    client = colours.administrator("cloudformation")
    (topic,) = client.describe_stack_resources(StackName=STACK, LogicalResourceId="Alerts")["StackResources"]
    colours.administrator("sns").delete_topic(TopicArn=topic["PhysicalResourceId"])
    url = colours.stack["Outputs"][0]["OutputValue"]
    colours.administrator("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    found = {change.address: change for change in colours.drift(receipt).changes}
    assert found["Alerts"].action is Action.DELETE
    assert (found["Orders"].action, found["Orders"].attributes) == (Action.UPDATE, ("VisibilityTimeout",))
    assert colours.verified(one) is Outcome.FAILED


def test_a_stack_that_somebody_updated_is_drift_too(colours: Colours) -> None:
    receipt = colours.promoted(colours.release("one", template(Orders=ORDERS), Seconds=GOOD))
    colours.promoted(colours.release("elsewhere", template(Orders=ORDERS), Seconds="90"))
    (change,) = colours.drift(receipt).changes
    assert change.attributes == ("VisibilityTimeout",)
    assert (change.after or {})["VisibilityTimeout"] == "90"


def test_a_stack_that_is_gone_is_drift(colours: Colours) -> None:
    receipt = colours.promoted(colours.release("one", template(Orders=ORDERS)))
    colours.administrator("cloudformation").delete_stack(StackName=STACK)
    (change,) = colours.drift(receipt).changes
    assert (change.address, change.action) == (STACK, Action.DELETE)


def test_what_drift_detection_does_not_look_at_is_said(colours: Colours) -> None:
    budget = {
        "BudgetName": "flowmart-colours",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 1, "Unit": "USD"},
    }
    receipt = colours.promoted(
        colours.release("one", template(Budget={"Type": "AWS::Budgets::Budget", "Properties": {"Budget": budget}}))
    )
    assert colours.drift(receipt).warnings == ("Budget (AWS::Budgets::Budget) is not compared",)


# --- what FlowMart keeps ---------------------------------------------------------------------------------------

INPUTS: Mapping[str, Mapping[str, Any]] = {
    "order-events": {"AlertsTopicArn": "arn:aws:sns:eu-west-1:222222222222:flowmart-dev-alerts"},
    "backup": {
        "capabilities": ["CAPABILITY_IAM"],
        "Resources": ["arn:aws:rds:eu-west-1:222222222222:db:flowmart-dev"],
    },
    "budget": {},
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_flowmart_keeps_is_made_found_good_and_removed(
    operator: Sandbox, project: Path, tmp_path: Path, name: str
) -> None:
    colours = Colours(operator, tmp_path)
    source = f"cloudformation/{name}"
    shutil.copytree(project / "infrastructure" / source, tmp_path / "one" / source)
    colours.units["one"] = Unit(name, "cloudformation", source, ("dev",), inputs=INPUTS[name], time_limit=60)
    target = Target("one", "dev", name)
    policies = rego.load(project / "infrastructure/policies")
    found = policies.test(colours.plan(target), colours.units["one"], (), datetime.now(UTC))
    assert [finding.message for finding in found] == []
    receipt = colours.promoted(target)
    assert colours.plan(target).empty
    assert colours.verified(target) is Outcome.SUCCEEDED
    assert colours.drift(receipt).changes == ()
    gone = colours.applied(colours.rollback(target, None))
    assert gone.outcome is Outcome.SUCCEEDED, gone.detail
