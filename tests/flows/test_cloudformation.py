"""A stack between terraform units: an output becomes a parameter, and a failure takes both tools back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from flows.drift import drift
from flows.promote import promote
from tasks.domain.errors import RolledBack
from tasks.ledger.history import History
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform

STACK = "flowmart-dev-alerts"
UNIT = """
  alerts:
    engine: cloudformation
    source: alerts
    environments: [dev]
    needs: [first]
    inputs: {Colour: "{first.colour}"}
    checks:
      - {name: topic, kind: output, output: Topic, matches: "^arn:aws:sns:", within: 1s}
      - {name: stack, kind: aws, fact: stack_good, stack: flowmart-dev-alerts, within: 1s}
"""
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Colour"}}}
NUMBER = {"VisibilityTimeout": {"Ref": "Colour"}}
SQS_REFUSES = {"Type": "AWS::SQS::Queue", "DependsOn": "Topic", "Properties": NUMBER}
"""What no validator can see: the number is a colour."""


def template(**more: Any) -> str:
    outputs = {"Topic": {"Value": {"Ref": "Topic"}}}
    parameters = {"Colour": {"Type": "String"}}
    return json.dumps({"Parameters": parameters, "Resources": {"Topic": TOPIC, **more}, "Outputs": outputs})


@pytest.fixture
def clients(operator: Sandbox) -> Callable[[str], Any]:
    made: Callable[[str], Any] = operator.administrator("dev")
    return made


@pytest.fixture
def shop(mini: MiniPlatform, clients: Callable[[str], Any]) -> Iterator[MiniPlatform]:
    mini.write("platform.yaml", PLATFORM + UNIT)
    mini.write("alerts/template.yaml", template())
    yield mini
    clients("cloudformation").delete_stack(StackName=STACK)


def displayed(clients: Callable[[str], Any]) -> str:
    (stack,) = clients("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    arn = stack["Outputs"][0]["OutputValue"]
    return str(clients("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"])


def test_an_output_of_terraform_reaches_the_stack(shop: MiniPlatform, clients: Callable[[str], Any]) -> None:
    promote(shop.release().id, "dev")
    assert displayed(clients) == "blue"
    shop.paint("dev", "green")
    promote(shop.release().id, "dev")
    assert displayed(clients) == "green"


def test_a_stack_that_fails_takes_itself_and_terraform_back(
    shop: MiniPlatform, clients: Callable[[str], Any], history: History
) -> None:
    good = shop.release("good")
    promote(good.id, "dev")
    shop.paint("dev", "green")
    shop.write("alerts/template.yaml", template(Orders=SQS_REFUSES))
    with pytest.raises(RolledBack, match=r"Orders \(AWS::SQS::Queue\)"):
        promote(shop.release("bad").id, "dev")
    assert displayed(clients) == "blue"
    assert colours(shop, "dev")["first"] == "blue"
    assert "rolled_back alerts" in kinds(history, "dev", "rolled_back")
    assert history.state("dev").verified == good.id


def test_a_first_release_that_fails_leaves_no_stack(
    shop: MiniPlatform, clients: Callable[[str], Any], history: History
) -> None:
    shop.write("alerts/template.yaml", template(Orders=SQS_REFUSES))
    with pytest.raises(RolledBack):
        promote(shop.release("bad").id, "dev")
    assert STACK not in [stack["StackName"] for stack in clients("cloudformation").describe_stacks()["Stacks"]]
    assert history.state("dev").receipts == {}


def test_what_was_changed_by_hand_is_found(shop: MiniPlatform, clients: Callable[[str], Any]) -> None:
    promote(shop.release().id, "dev")
    (stack,) = clients("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    arn = stack["Outputs"][0]["OutputValue"]
    clients("sns").set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="red")
    (found,) = drift("dev").drifted
    assert found.told == ("Topic was changed by hand", "DisplayName: blue -> red")
