"""Puts the project's policy evaluation in place of moto's, and mends what moto gets wrong about S3 actions.

Taken from moto: finding out who asks, checking signatures, and the shape of refusals. Replaced: deciding
(`policies.py`), trust across accounts, roles that do not exist, and the IAM names of actions that moto derives
from signing names and S3 sub-resources. Checked against moto 5.2.
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
"""The service that makes a request for somebody: the condition key aws:CalledVia. Empty when they ask themselves."""

_IAM_PREFIXES = {"monitoring": "cloudwatch"}
"""IAM's name of a service where it differs from the name that requests are signed with."""

_IAM_ACTIONS = {
    "budgets:CreateBudget": "budgets:ModifyBudget",
    "budgets:DeleteBudget": "budgets:ModifyBudget",
    "budgets:DescribeBudget": "budgets:ViewBudget",
}
"""IAM's name of an action where it is not that of the operation."""

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
"""The IAM action of GET, PUT and DELETE on a bucket's sub-resource, where moto falls back to the bucket's own."""


class _Authorized(access_control.IAMRequestBase):
    """moto's request, but deciding by `policies.py`."""

    usage = Usage()

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        service, _, operation = self._action.partition(":")
        action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
        self._action = _IAM_ACTIONS.get(action, action)

    def check_action_permitted(self, resource: str) -> None:
        """Refuse, in the service's own words, what the caller's policies do not allow."""
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
            # The sandbox speaks plain HTTP on loopback only; nothing leaves the machine.
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
    """A request to any service but S3."""

    def _create_aws_request(self) -> AWSRequest:
        request = super()._create_aws_request()
        if self._method != "POST":
            # moto signs the headers in place of a body that is not there: every GET to Route 53 is refused.
            request.data = self._body
        return request

    def _raise_access_denied(self) -> None:
        raise _Refusal(self._access_key.arn, self._action)


def refusal(response: BaseResponse, operation: str, resource: str) -> str:
    """Why the caller of a service may not have it do something else of its own for them; empty where they may.

    Args:
        response: the request that is being answered.
        operation: of the same service, such as CreateStack.
        resource: the ARN of what it is done to.
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
    """A request to S3, which words its refusals differently."""


class _Refusal(ServiceException):
    """The answer to a request that policies do not allow: moto's own has one form, whatever the protocol."""

    def __init__(self, principal: str, action: str) -> None:
        super().__init__("AccessDenied", f"User: {principal} is not authorized to perform: {action}")


def _answering_refusals(call_action: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """`call_action`, with refusals written in the protocol of the service and under the service's error code."""

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
"""By protocol; the JSON services say AccessDeniedException."""


class _ResourcePolicy:
    """Stands for moto's `IAMPolicy`, which moto uses to evaluate bucket policies."""

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
    """Make moto decide by `policies.py` from now on, in this process; `usage` notes what is allowed."""
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
    """The JSON in one of the forms in which moto holds policies."""
    if isinstance(policy, Policy):
        return str(next(version.document for version in policy.versions if version.is_default))
    document = policy if isinstance(policy, str) else policy["policy_document"]
    return document if isinstance(document, str) else json.dumps(document)


def _trust_of(role_arn: str) -> str | None:
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    try:
        role = iam_backends[account]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
        return None
    return str(role.assume_role_policy_document)


def _first(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value or "")
