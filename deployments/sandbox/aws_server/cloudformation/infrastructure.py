"""Log groups, made in moto's service."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, Made, Properties, tags_of


class LogGroup(Kind):
    """AWS::Logs::LogGroup."""

    properties = frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"})
    importable = True

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        called = p.get("LogGroupName", name)
        key = {"kmsKeyId": p["KmsKeyId"]} if "KmsKeyId" in p else {}
        aws("logs").create_log_group(logGroupName=called, tags=tags_of(aws, p), **key)
        made = Made(called, self.given(aws, called))
        self.update(aws, made, {}, p)
        return made

    def given(self, aws: Clients, id: str) -> dict[str, Any]:
        return {"Arn": aws.arn("logs", f"log-group:{id}:*")}

    def unchangeable(self, old: Properties, new: Properties) -> list[str]:
        return ["KmsKeyId"] if old.get("KmsKeyId") != new.get("KmsKeyId") else []

    def update(self, aws: Clients, made: Made, old: Properties, new: Properties) -> None:
        if "RetentionInDays" in new:
            aws("logs").put_retention_policy(logGroupName=made.id, retentionInDays=int(new["RetentionInDays"]))
        elif "RetentionInDays" in old:
            aws("logs").delete_retention_policy(logGroupName=made.id)

    def delete(self, aws: Clients, made: Made, p: Properties) -> None:
        aws("logs").delete_log_group(logGroupName=made.id)

    def read(self, aws: Clients, made: Made, p: Properties) -> Properties | None:
        groups = aws("logs").describe_log_groups(logGroupNamePrefix=made.id)["logGroups"]
        found = [group for group in groups if group["logGroupName"] == made.id]
        declared = p.get("RetentionInDays")
        kept = found[0].get("retentionInDays") if found else None
        # A template may write the number as text.
        return {"RetentionInDays": type(declared)(kept or 0)} if found and declared else {} if found else None


def is_there(ask: Any, **arguments: Any) -> bool:
    """Tell whether a call that reads one object finds it."""
    try:
        ask(**arguments)
    except ClientError:
        return False
    return True
