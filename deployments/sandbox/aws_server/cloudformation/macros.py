"""Stores which macros exist. Templates that use a macro are refused."""

from __future__ import annotations

from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties

_there: dict[tuple[str, str, str], str] = {}
"""{(account, region, name): function}."""


class Macro(Kind):
    """AWS::CloudFormation::Macro."""

    properties = frozenset({"Name", "FunctionName", "Description", "LogGroupName", "LogRoleARN"})
    attributes = frozenset()

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        if self.read(aws, Made(p["Name"]), p) is not None:
            raise ValidationError(message=f"{p['Name']} already exists")
        self.update(aws, Made(p["Name"]), {}, p)
        return Made(p["Name"])

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        aws("lambda").get_function(FunctionName=new["FunctionName"])
        _there[aws.account, aws.region, made.id] = new["FunctionName"]

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        _there.pop((aws.account, aws.region, made.id), None)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        found = _there.get((aws.account, aws.region, made.id))
        return None if found is None else {"FunctionName": found}
