"""A CloudFormation unit in dev, whose releases a test makes: what the contract tests of the engine share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deployments.sandbox import Sandbox
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import UnitEngine, Workspace
from tasks.engines.cloudformation.engine import ENGINE
from tests.platforms.images import as_role
from tests.platforms.workspaces import workspace

STACK = "flowmart-dev-colours"
ALLOW_ALL = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
GOOD, BAD = "60", "no number"
"""A visibility timeout that SQS takes, and one that it refuses while the stack is being changed."""

ORDERS = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}
ALERTS = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alerts"}}


def template(**resources: Any) -> dict[str, Any]:
    return {
        "Parameters": {
            "Seconds": {"Type": "String", "Default": "30"},
            "Secret": {"Type": "String", "Default": "", "NoEcho": True},
        },
        "Resources": resources,
        "Outputs": {"Url": {"Value": {"Ref": "Orders"}}} if "Orders" in resources else {},
    }


class Colours:
    """One unit in dev: releases by name, each with a template, its inputs and whether it is protected."""

    def __init__(self, operator: Sandbox, folder: Path) -> None:
        self.dev = operator.platform.environment("dev")
        self.administrator: Callable[[str], Any] = operator.administrator("dev")
        self.folder = folder
        self.units: dict[str, Unit] = {}

    def release(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        protected: bool = False,
        policy: Any = None,
        **parameters: Any,
    ) -> Target:
        folder = self.folder / name / "colours"
        folder.mkdir(parents=True)
        (folder / "template.yaml").write_text(json.dumps(document, indent=1))
        if policy:
            (folder / "stack-policy.json").write_text(json.dumps(policy))
        self.units[name] = Unit(
            "colours", "cloudformation", "colours", ("dev",), inputs=parameters, protected=protected, time_limit=60
        )
        return Target(name, "dev", "colours")

    def workspace(self, target: Target) -> Workspace:
        return workspace(
            self.folder / target.release,
            self.units[target.release],
            self.dev,
            target=target,
            unit_digest=f"digest-{target.release}",
            reading=as_role(self.dev, self.dev.roles.plan),
            writing=as_role(self.dev, self.dev.roles.apply),
        )

    def engine(self, target: Target) -> UnitEngine:
        return ENGINE.make(self.workspace(target))

    def validate(self, target: Target) -> None:
        self.engine(target).validate()

    def applied(self, plan: Plan) -> Applied:
        return self.engine(plan.target).apply(plan)

    def verified(self, target: Target) -> Outcome:
        return self.engine(target).verify().outcome

    def drift(self, receipt: Receipt) -> Plan:
        return self.engine(receipt.target).detect_drift(receipt)

    def rollback(self, failed: Target, to: Receipt | Baseline | None) -> Plan:
        plan = self.engine(to.target if isinstance(to, Receipt) else failed).plan_rollback(self.workspace(failed), to)
        assert plan
        return plan

    def plan(self, target: Target) -> Plan:
        return self.engine(target).plan(Inputs(self.units[target.release].inputs))

    def apply(self, target: Target) -> Applied:
        return self.applied(self.plan(target))

    def promoted(self, target: Target) -> Receipt:
        plan = self.plan(target)
        applied = self.applied(plan)
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        return Receipt("dev/1", target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")

    @property
    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.administrator("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return found

    @property
    def seconds(self) -> str:
        """The visibility timeout that the queue really has."""
        url = self.stack["Outputs"][0]["OutputValue"]
        attributes = self.administrator("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["VisibilityTimeout"]
        )
        return str(attributes["Attributes"]["VisibilityTimeout"])


def import_export(client: Any, stack: str, export: str) -> None:
    """Make a stack with a topic that imports an export."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": export}}}
    body = json.dumps({"Resources": {"T": topic}})
    client.create_change_set(StackName=stack, ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=body)
    client.execute_change_set(StackName=stack, ChangeSetName="one")
