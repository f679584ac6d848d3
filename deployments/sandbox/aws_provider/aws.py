"""Gives access to AWS: one set of credentials, the clients that use it, and the text of API errors.

Credentials and endpoints come from the environment variables of the terraform command, or from the provider block.
Nothing is kept between two commands.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

API_ERRORS = (BotoCoreError, ClientError, ResponseParserError)

_ATTEMPTS = 3

# Few attempts and a short timeout, because moto responds at once or not at all. Up to 20 calls run in parallel.
# S3 uses path style, because a bucket's name in the host name would need DNS.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    max_pool_connections=20,
    connect_timeout=5,
    s3={"addressing_style": "path"},
)


def new_session() -> Any:
    """Return a new botocore session. Its data loader may be shared, because parsing service models takes seconds."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    return botocore.session.Session()


class Unsuccessful(Exception):
    """AWS reported a failure in a successful response, or a resource did not reach the expected state."""


@dataclass
class AwsAccess:
    """The access of one terraform process to one account."""

    region: str
    credentials: dict[str, str] = field(default_factory=dict)
    loader: Any = None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def _session(self) -> Any:
        session = new_session()
        if self.loader:
            session.register_component("data_loader", self.loader)
        return session

    def client(self, service: str, region: str) -> Any:
        """Return the cached client of a service in a region. Creating clients is not thread-safe, using them is."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.create_client(
                    service, region_name=region, config=CONFIG, **self.credentials
                )
            return self._clients[service, region]

    @cached_property
    def identity(self) -> dict[str, str]:
        """Account, Arn and UserId of the credentials."""
        answer = self.client("sts", self.region).get_caller_identity()
        return {key: answer[key] for key in ("Account", "Arn", "UserId")}


@dataclass(frozen=True)
class Place:
    """The account and region of a resource."""

    aws: AwsAccess
    region: str

    def client(self, service: str) -> Any:
        """Return the client of a service in this account and region."""
        return self.aws.client(service, self.region)

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.aws.identity["Account"]

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def code_of(error: Exception) -> str:
    """Return the API's error code; empty if AWS did not respond."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


# The names of services in the AWS SDK for Go, and so in the real provider.
_SERVICE_IDS = {
    "autoscaling": "Auto Scaling",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "elbv2": "Elastic Load Balancing v2",
    "logs": "CloudWatch Logs",
    "route53": "Route 53",
}


_NETWORK: tuple[tuple[type[Exception], str], ...] = (
    (EndpointConnectionError, "dial tcp: connect: connection refused"),
    (ConnectTimeoutError, "dial tcp: i/o timeout"),
    (ReadTimeoutError, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"),
    (ConnectionClosedError, "EOF"),
)
"""Network errors, and Go's text for each."""


def _unsent(error: HTTPClientError | ConnectionError) -> str:
    """Describe a request without a response in the words that the AWS SDK for Go uses after its last attempt."""
    went = next((words for kind, words in _NETWORK if isinstance(error, kind)), "read tcp: connection reset by peer")
    where = error.kwargs.get("endpoint_url") or "https://amazonaws.com"
    attempts = f"exceeded maximum number of attempts, {_ATTEMPTS}"
    return f'{attempts}, https response error StatusCode: 0, RequestID: , request send failed, Post "{where}": {went}'


def describe(error: Exception, service: str) -> str:
    """Describe an API error in the real provider's words: operation, status, request id, code and message.

    Args:
        error: the error.
        service: the service's name in boto3.
    """
    service = _SERVICE_IDS.get(service, service.upper())
    if isinstance(error, HTTPClientError | ConnectionError):
        return f"operation error {service}: {_unsent(error)}"
    if not isinstance(error, ClientError):
        return f"operation error {service}: {error}"
    meta, said = error.response.get("ResponseMetadata", {}), error.response["Error"]
    status, words = meta.get("HTTPStatusCode", "?"), said.get("Message") or ""
    if words.startswith("<"):
        words = "the sandbox's AWS does not emulate this call, or failed: see .flowmart/sandbox/logs/aws.log"
    return (
        f"operation error {service}: {error.operation_name}, https response error StatusCode: {status}, "
        f"RequestID: {meta.get('RequestId', '')}, api error {said.get('Code')}: {words}"
    )
