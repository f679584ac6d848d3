"""Lists the resource types that the sandbox emulates, and defines a resource of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.aws_server.cloudformation import (
    infrastructure,
    macros,
    management,
    messaging,
    nested,
    records,
    security_groups,
    types,
    waiting,
)
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made

KINDS: Mapping[str, Kind] = {
    **types.ALL,
    "AWS::Backup::BackupPlan": management.BackupPlan(),
    "AWS::Backup::BackupSelection": management.BackupSelection(),
    "AWS::Backup::BackupVault": management.BackupVault(),
    "AWS::Budgets::Budget": management.Budget(),
    "AWS::CloudWatch::Alarm": management.Alarm(),
    "AWS::EC2::SecurityGroup": security_groups.SecurityGroup(),
    "AWS::EC2::SecurityGroupEgress": security_groups.SecurityGroupRule("egress"),
    "AWS::EC2::SecurityGroupIngress": security_groups.SecurityGroupRule("ingress"),
    "AWS::CloudFormation::Macro": macros.Macro(),
    "AWS::CloudFormation::WaitCondition": waiting.WaitCondition(),
    "AWS::CloudFormation::WaitConditionHandle": waiting.WaitConditionHandle(),
    nested.STACK: nested.NestedStack(),
    "AWS::Events::EventBus": messaging.EventBus(),
    "AWS::Events::Rule": messaging.Rule(),
    "AWS::KMS::Alias": management.Alias(),
    "AWS::KMS::Key": management.Key(),
    "AWS::Logs::LogGroup": infrastructure.LogGroup(),
    "AWS::Route53::RecordSet": records.RecordSet(),
    "AWS::Route53::RecordSetGroup": records.RecordSets(),
    "AWS::SNS::Subscription": messaging.Subscription(),
    "AWS::SNS::Topic": messaging.Topic(),
    "AWS::SNS::TopicPolicy": messaging.TopicPolicy(),
    "AWS::SQS::Queue": messaging.Queue(),
    "AWS::SQS::QueuePolicy": messaging.QueuePolicy(),
    "AWS::SSM::Parameter": management.Parameter(),
}
"""{type: how the sandbox emulates it}. Every other type is refused: "the sandbox does not emulate ..."."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack.

    Attributes:
        on_deletion: its DeletionPolicy: Delete, Retain, RetainExceptOnCreate or Snapshot.
        on_replacement: its UpdateReplacePolicy: Delete, Retain or Snapshot.
    """

    logical_id: str
    kind: str
    made: Made
    properties: Mapping[str, Any]
    on_deletion: str = "Delete"
    on_replacement: str = "Delete"
    imported: bool = False
    """Whether the resource was imported and has not been changed since."""

    @property
    def status(self) -> str:
        """The status of the last operation on it, as far as it matters here."""
        return "IMPORT_COMPLETE" if self.imported else "CREATE_COMPLETE"

    @property
    def when_undone(self) -> str:
        """The policy for the resource if the operation that made it is rolled back."""
        return "Retain" if self.on_deletion == "Retain" else "Delete"
