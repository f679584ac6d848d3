"""What CloudFormation's errors mean: of its API, and of the resources that it works on.

What all of AWS's APIs have in common is in `tasks.aws_errors`. Here is what only CloudFormation says.

Sources: the CloudFormation API reference (errors of DescribeChangeSet and ExecuteChangeSet), the CloudFormation CLI
user guide, "Handler error codes", and the form of a resource's status reason: "... (HandlerErrorCode: Throttling)"
for types of the registry, "(Service: AmazonSQS; Status Code: 500; Error Code: InternalFailure)" for older ones.
"""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from tasks import aws, aws_errors
from tasks.domain.errors import FlowmartError, StalePlan, Unanswered
from tasks.domain.outcome import Outcome

STALE = frozenset({"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"})
"""A change set that cannot be executed any more: the stack moved on."""

HANDLER_CODES = {
    "InternalFailure": Outcome.UNANSWERED,
    "NetworkFailure": Outcome.UNANSWERED,
    "ServiceInternalError": Outcome.UNANSWERED,
    "ServiceTimeout": Outcome.UNANSWERED,
    "Throttling": Outcome.UNANSWERED,
}
"""Why a resource could not be changed -> what that says about the release. Codes that are not here: it failed."""

_HANDLER = re.compile(r"HandlerErrorCode: (\w+)")
_SERVICE = re.compile(r"Status Code: (\d+); Error Code: ([\w.]+)")


def explained(error: aws.AwsError, what: str) -> FlowmartError:
    """Our error for one of the API's. `what` completes the sentence "could not ..."."""
    if aws_errors.code_of(error) in STALE:
        return StalePlan(f"could not {what}: {error}; plan again")
    return aws.explained(error, what)


def explained_execution(error: aws.AwsError, what: str) -> FlowmartError:
    """As `explained`, for ExecuteChangeSet: its change set may be gone because it was carried out.

    botocore repeats a request that got no answer in time; what is said of the second one says nothing of the first.
    """
    retries = error.response["ResponseMetadata"].get("RetryAttempts", 0) if isinstance(error, ClientError) else 0
    if retries and aws_errors.code_of(error) in STALE:
        return Unanswered(f"could not {what}: {error}; it was sent {retries + 1} times, and the first may count")
    return explained(error, what)


def is_absent(error: aws.AwsError) -> bool:
    """Whether DescribeStacks says that there is no such stack: a ValidationError, told from others by its message."""
    return aws_errors.code_of(error) == "ValidationError" and "does not exist" in str(error)


def is_not_imported(error: aws.AwsError) -> bool:
    """Whether ListImports says that nobody imports the export: a ValidationError, told from others by its message."""
    return aws_errors.code_of(error) == "ValidationError" and "is not imported by any stack" in str(error)


def outcome_of(reason: str) -> Outcome:
    """What the status reason of a failed resource says: `unanswered` when its service had a problem of its own."""
    if found := _HANDLER.search(reason):
        return HANDLER_CODES.get(found[1], Outcome.FAILED)
    if found := _SERVICE.search(reason):
        meaning = aws_errors.meaning_of_code(found[2], int(found[1]))
        return Outcome.UNANSWERED if meaning in aws_errors.UNANSWERED else Outcome.FAILED
    return Outcome.FAILED
