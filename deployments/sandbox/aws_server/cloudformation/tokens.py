"""Recognizes requests that are sent again, by their ClientRequestToken or ClientToken.

A client repeats a request when the response does not arrive. CloudFormation carries out requests with one token once.
It rejects a token that another request used. All events of an operation have its token.

Source: CloudFormation API reference, "ClientRequestToken" of DeleteStack, and TokenAlreadyExistsException.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from threading import Lock

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from deployments.sandbox.aws_server.cloudformation.registry import ChangeSet, registry_of

Response = CloudFormationResponse
Operation = Callable[[Response], ActionResult]

_FORM = "[a-zA-Z0-9][-a-zA-Z0-9]*"
_RUNNING: dict[str, Lock] = {}
"""{ClientRequestToken: held while a request with it is carried out}."""

_ABOUT = ("Action", "StackName", "ChangeSetName")


class _TokenAlreadyExists(CloudFormationError):
    code = "TokenAlreadyExistsException"


class _AlreadyExists(CloudFormationError):
    code = "AlreadyExistsException"


def once(operation: Operation) -> Operation:
    """Return an operation that is carried out once for each ClientRequestToken. A rejected request uses up none."""

    @wraps(operation)
    def carried_out(response: Response) -> ActionResult:
        token, answered = of(response), registry_of(response).answered
        about = tuple(response._get_param(key) for key in _ABOUT)
        # The client may repeat a request while it is being carried out: then it waits for the same answer.
        with _RUNNING.setdefault(token, Lock()) if token else nullcontext():
            if token in answered:
                earlier, answer = answered[token]
                if earlier != about:
                    raise _TokenAlreadyExists(f"Token already exists: {token}")
                return answer
            answer = operation(response)
            if token:
                answered[token] = about, answer
            return answer

    return carried_out


def of(response: Response) -> str:
    """Return the ClientRequestToken of a request; empty if there is none.

    Raises:
        ValidationError: AWS does not allow the token.
    """
    token = str(response._get_param("ClientRequestToken") or "")
    if token and not re.fullmatch(_FORM, token):
        told = f"Value '{token}' at 'clientRequestToken' failed to satisfy constraint"
        form = f"Member must satisfy regular expression pattern: {_FORM}"
        raise ValidationError(message=f"1 validation error detected: {told}: {form}")
    return token


def refuse_other(response: Response, there: ChangeSet) -> None:
    """Check that a request for a change set that exists is the one that created it, sent again.

    Raises:
        CloudFormationError: it is another request (AlreadyExistsException).
    """
    token = response._get_param("ClientToken")
    if not token or token != there.token:
        raise _AlreadyExists(f"ChangeSet [{there.name}] already exists")
