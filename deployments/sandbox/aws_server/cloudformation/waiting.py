"""Wait conditions. Nothing runs on the sandbox's instances, so every condition counts as signalled."""

from __future__ import annotations

from uuid import uuid4

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties


class WaitConditionHandle(Kind):
    """AWS::CloudFormation::WaitConditionHandle, whose Ref is an address to send signals to."""

    checked = False

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        place = f"cloudformation-waitcondition-{aws.region}.s3.{aws.region}.amazonaws.com"
        return Made(f"https://{place}/{aws.account}/{name}")

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Do nothing, because there is nothing to remove."""


class WaitCondition(Kind):
    """AWS::CloudFormation::WaitCondition, which no update can change."""

    properties = frozenset({"Count", "Handle", "Timeout"})
    checked = False

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        return sorted(key for key in {**old, **new} if old.get(key) != new.get(key))

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        return Made(aws.arn("cloudformation", f"stack/{name}/{uuid4()}"), {"Data": "{}"})

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        """Do nothing, because there is nothing to remove."""
