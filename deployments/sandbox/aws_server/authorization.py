"""Replaces moto's policy evaluation with the project's own, and corrects moto's IAM action names.

moto still identifies the caller, checks signatures and gives refusals their form. This module replaces the decision
(`policies.py`), trust across accounts, and the treatment of roles that do not exist. It also replaces the IAM names
that moto derives from signing names and S3 sub-resources. Checked against moto 5.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from botocore.awsrequest import AWSRequest
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.iam import access_control
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Policy, iam_backends
from moto.s3 import responses as s3_responses

from deployments.sandbox.aws_server.policies import Decision, Request, decide
from deployments.sandbox.aws_server.usage import Usage

Answer = tuple[int, dict[str, Any], str | bytes]

CALLED_VIA: ContextVar[str] = ContextVar("CALLED_VIA", default="")
"""The service that makes a request for the caller: the condition key aws:CalledVia. Empty for direct requests."""

_IAM_PREFIXES = {"monitoring": "cloudwatch"}
"""{name that requests are signed with: IAM's name of the service}, where the two differ."""

_IAM_ACTIONS = {
    "budgets:CreateBudget": "budgets:ModifyBudget",
    "budgets:DeleteBudget": "budgets:ModifyBudget",
    "budgets:DescribeBudget": "budgets:ViewBudget",
}
"""{operation: IAM's name of the action}, where the two differ."""

_S3_BUCKET_SUBRESOURCES = {
    "encryption": ("GetEncryptionConfiguration", "PutEncryptionConfiguration", "PutEncryptionConfiguration"),
    "publicAccessBlock": ("GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "ownershipControls": (
        "GetBucketOwnershipControls",
        "PutBucketOwnershipControls",
        "PutBucketOwnershipControls",
    ),
    "object-lock": ("GetBucketObjectLockConfiguration", "PutBucketObjectLockConfiguration", ""),
    "replication": ("GetReplicationConfiguration", "PutReplicationConfiguration", "PutReplicationConfiguration"),
    "requestPayment": ("GetBucketRequestPayment", "PutBucketRequestPayment", ""),
}
"""{sub-resource of a bucket: IAM actions of GET, PUT, DELETE}, where moto falls back to the bucket's own action."""


class _Authorized(access_control.IAMRequestBase):
    """moto's request, decided by `policies.py`."""

    usage = Usage()

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        service, _, operation = self._action.partition(":")
        action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
        self._action = _IAM_ACTIONS.get(action, action)

    def check_action_permitted(self, resource: str) -> None:
        """Check that the caller's policies, and for sts:AssumeRole the role's trust policy, allow the action.

        Allowed actions are noted in `usage`. sts:GetCallerIdentity is always allowed.

        Args:
            resource: the ARN of the resource; "*" if it is not known.

        Raises:
            ServiceException: the action is not allowed. S3 has errors of its own.
        """
        if self._action == "sts:GetCallerIdentity":
            return
        asked = Request(
            action=self._action,
            resource=None if resource == "*" else resource,
            principal=self._access_key.arn,
            context=self._context(),
        )
        documents = [_document(policy) for policy in self._access_key.collect_policies()]
        allowed = decide(documents, asked) is Decision.ALLOWED
        if not allowed or not self._is_trusted(asked):
            self._raise_access_denied()
        self.usage.note(self._access_key.arn, self._action)

    def _context(self) -> Mapping[str, str]:
        given = {f"sts:{name}".lower(): _first(self._data.get(name)) for name in ("ExternalId", "RoleSessionName")}
        known = {
            # The sandbox uses plain HTTP, but on loopback only, so policies may require secure transport.
            "aws:securetransport": "true",
            "aws:principalarn": self._access_key.arn,
            "aws:principalaccount": self.account_id,
            "aws:requestedregion": self._region,
            "aws:calledvia": CALLED_VIA.get(),
        }
        return known | {key: value for key, value in given.items() if value}

    def _is_trusted(self, asked: Request) -> bool:
        if asked.action != "sts:AssumeRole":
            return True
        trust = _trust_of(asked.resource or "")
        return trust is not None and decide([trust], asked) is Decision.ALLOWED


class _ServiceRequest(_Authorized, access_control.IAMRequest):
    """A request to any service other than S3."""

    def _create_aws_request(self) -> AWSRequest:
        request = super()._create_aws_request()
        if self._method != "POST":
            # moto signs the headers if there is no body, and so rejects every GET to Route 53.
            request.data = self._body
        return request

    def _raise_access_denied(self) -> None:
        raise _Refusal(self._access_key.arn, self._action)


def refusal(response: BaseResponse, operation: str, resource: str) -> str:
    """Tell why the caller may not have a service perform another of its own operations on the caller's behalf.

    Args:
        response: the request that the service is handling.
        operation: another operation of the same service, such as CreateStack.
        resource: the ARN of the resource that the operation acts on.

    Returns:
        The message of the refusal; empty if the operation is allowed.
    """
    asked = _ServiceRequest(
        account_id=response.current_account,
        method="POST",
        path="/",
        data={},
        body=b"",
        headers=dict(response.headers.items()),
        action=operation,
    )
    try:
        asked.check_action_permitted(resource)
    except _Refusal as error:
        return str(error.message)
    return ""


class _S3Request(_Authorized, access_control.S3IAMRequest):
    """A request to S3, whose refusals have another form."""


class _Refusal(ServiceException):
    """The error for a request that policies do not allow. moto's own error has one form for all protocols."""

    def __init__(self, principal: str, action: str) -> None:
        super().__init__("AccessDenied", f"User: {principal} is not authorized to perform: {action}")


def _answering_refusals(call_action: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Wrap `call_action` to write refusals in the service's protocol, with the service's error code."""

    def answer(response: Any) -> Answer:
        try:
            return call_action(response)
        except _Refusal as refusal:
            protocol = get_service_model(response.boto3_service_name).protocol
            refusal.code = _REFUSAL_CODES.get(protocol, "AccessDeniedException")
            _, headers, body = response.serialized(ActionResult(refusal))
            return 403, headers, body

    return answer


_REFUSAL_CODES = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}
"""{protocol: error code of a refusal}. The JSON services use AccessDeniedException."""


class _ResourcePolicy:
    """A replacement for moto's `IAMPolicy`, with which moto evaluates bucket policies."""

    def __init__(self, policy: Any) -> None:
        self._json = _document(policy)

    def is_action_permitted(self, action: str, resource: str = "*") -> access_control.PermissionResult:
        asked = Request(action=action, resource=resource, context={"aws:securetransport": "true"})
        return _RESULTS[decide([self._json], asked)]


_RESULTS = {
    Decision.ALLOWED: access_control.PermissionResult.PERMITTED,
    Decision.DENIED: access_control.PermissionResult.DENIED,
    Decision.SILENT: access_control.PermissionResult.NEUTRAL,
}


def install(usage: Usage) -> None:
    """Make moto decide by `policies.py` in this process from now on.

    Args:
        usage: notes the actions that are allowed.
    """
    _Authorized.usage = usage
    replacements = {"IAMRequest": _ServiceRequest, "S3IAMRequest": _S3Request, "IAMPolicy": _ResourcePolicy}
    for name, replacement in replacements.items():
        setattr(access_control, name, replacement)
    BaseResponse.call_action = _answering_refusals(BaseResponse.call_action)  # type: ignore[assignment,method-assign]
    s3_responses.ACTION_MAP["BUCKET"]["HEAD"]["DEFAULT"] = "ListBucket"
    for subresource, actions in _S3_BUCKET_SUBRESOURCES.items():
        for method, action in zip(("GET", "PUT", "DELETE"), actions, strict=True):
            s3_responses.ACTION_MAP["BUCKET"][method][subresource] = action


def _document(policy: Any) -> str:
    """Return the JSON text of a policy in any of the forms in which moto holds policies."""
    if isinstance(policy, Policy):
        return str(next(version.document for version in policy.versions if version.is_default))
    document = policy if isinstance(policy, str) else policy["policy_document"]
    return document if isinstance(document, str) else json.dumps(document)


def _trust_of(role_arn: str) -> str | None:
    """Return the trust policy of a role, or None if the role does not exist."""
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    try:
        role = iam_backends[account]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
        return None
    return str(role.assume_role_policy_document)


def _first(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value or "")
