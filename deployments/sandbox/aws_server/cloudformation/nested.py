"""AWS::CloudFormation::Stack: a stack as a resource of another stack."""

from __future__ import annotations

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties

STACK = "AWS::CloudFormation::Stack"


class NestedStack(Kind):
    """AWS::CloudFormation::Stack. The clients make and change the nested stack."""

    properties = frozenset({"Parameters", "Tags", "TemplateURL", "TimeoutInMinutes"})
    always_updated = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        made: Made = aws.nested.create(aws, name, p)
        return made

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws.nested.update(aws, made, new)

    def undo(self, aws: Clients, made: Made, tried: Properties, earlier: Properties) -> None:
        aws.nested.undo(made)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws.nested.delete(made)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        return {} if aws.nested.is_there(made) else None
