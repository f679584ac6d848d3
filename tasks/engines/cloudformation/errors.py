"""Map errors of CloudFormation's API, and failures of resources in stacks, to ours.

`tasks.aws_errors` handles what all of AWS's APIs have in common. This module handles what is specific to
CloudFormation.

Sources: the CloudFormation API reference (errors of DescribeChangeSet and ExecuteChangeSet), the CloudFormation CLI
user guide, "Handler error codes", and the form of a resource's status reason: "... (HandlerErrorCode: Throttling)"
for types of the registry, "(Service: AmazonSQS; Status Code: 500; Error Code: InternalFailure)" for older ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tasks import aws, aws_errors
from tasks.domain.errors import FlowmartError, StalePlan, Unanswered
from tasks.domain.outcome import Outcome
from tasks.engines.cloudformation.answers import NO_REASON

STALE = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"})
"""Codes for a change set that can no longer be executed because the stack has changed."""

HANDLER_CODES = {
    "InternalFailure": Outcome.UNANSWERED,
    "NetworkFailure": Outcome.UNANSWERED,
    "ServiceInternalError": Outcome.UNANSWERED,
    "ServiceTimeout": Outcome.UNANSWERED,
    "Throttling": Outcome.UNANSWERED,
}
"""Handler error code of a resource -> the outcome for the release. All other codes mean that it failed."""

_BUSY = re.compile(r"is in \w+_IN_PROGRESS state|in status \w+_IN_PROGRESS|[Dd]rift detection.* in progress")
_HANDLER = re.compile(r"HandlerErrorCode: (\w+)")
_SERVICE = re.compile(r"Status Code: (\d+); Error Code: ([\w.]+)")


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an operation was rejected only because another one is in progress on the stack.

    It is an ordinary ValidationError, known by its message.
    """
    if not isinstance(error, ClientError) or aws_errors.code_of(error) != "ValidationError":
        return False
    return _BUSY.search(str(error)) is not None


def explained(error: aws.AwsError, what: str) -> FlowmartError:
    """Return our error for one of the API's. `what` completes the sentence "could not ..."."""
    if _is_stale(error):
        return StalePlan(f"could not {what}: {error}; plan again")
    return aws.explained(error, what)


def explained_execution(error: aws.AwsError, what: str) -> FlowmartError:
    """Return our error for one of ExecuteChangeSet, whose change set may be missing because it was executed.

    botocore retries a request that timed out. An error of the second does not show whether the first succeeded.
    """
    retries = error.response["ResponseMetadata"].get("RetryAttempts", 0) if isinstance(error, ClientError) else 0
    if retries and _is_stale(error):
        return Unanswered(f"could not {what}: {error}; it was sent {retries + 1} times, and the first may count")
    return explained(error, what)


def _is_stale(error: aws.AwsError) -> bool:
    return aws_errors.code_of(error) in STALE or is_busy(error)


def is_absent(error: aws.AwsError) -> bool:
    """Tell whether DescribeStacks says that the stack does not exist: a ValidationError, known by its message."""
    return aws_errors.code_of(error) == "ValidationError" and "does not exist" in str(error)


def is_not_imported(error: aws.AwsError) -> bool:
    """Tell whether ListImports says that nothing imports the export: a ValidationError, known by its message."""
    return aws_errors.code_of(error) == "ValidationError" and "is not imported by any stack" in str(error)


def is_invalid(reason: str) -> bool:
    """Tell whether a change set failed CloudFormation's validation before deployment; its events say why."""
    return "DescribeEvents" in reason


def invalidities(events: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what the events of a failed change set have against it, as DescribeEvents returns them."""
    failed = [event for event in events if event.get("ValidationStatus") == "FAILED"]
    return tuple(
        f"{event.get('LogicalResourceId', 'template')} ({event.get('ResourceType', '')}): "
        f"{event.get('ValidationStatusReason', NO_REASON)} ({event.get('ValidationPath', 'no path')})"
        for event in failed
        if event.get("ValidationFailureMode", "FAIL") == "FAIL"
    )


def outcome_of(reason: str) -> Outcome:
    """Return the outcome for a failed resource's status reason: `unanswered` if its service had a problem."""
    if found := _HANDLER.search(reason):
        return HANDLER_CODES.get(found[1], Outcome.FAILED)
    if found := _SERVICE.search(reason):
        meaning = aws_errors.meaning_of_code(found[2], int(found[1]))
        return Outcome.UNANSWERED if meaning in aws_errors.UNANSWERED else Outcome.FAILED
    return Outcome.FAILED
