"""Acts for the caller of CloudFormation: boto3 clients with the caller's own credentials, inside this process.

AWS creates a stack's resources with the rights of the calling principal (a forward access session). Policies can
recognize such calls by `aws:CalledVia`. Here the calls go to moto directly and pass the same evaluation of IAM
policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse
from moto.iam.access_control import create_access_key

from deployments.sandbox.aws_server.authorization import CALLED_VIA

# With AWS_ENDPOINT_URL, calls would go to this server, which is blocked until they return.
_ONCE = Config(ignore_configured_endpoint_urls=True, retries={"total_max_attempts": 1})  # type: ignore[call-arg]


_MISSING = re.compile(r"NotFound|NoSuch|NotExist|NonExist|UnknownResource|InvalidGroup|^404$", re.IGNORECASE)


def is_missing(error: ClientError) -> bool:
    """Tell whether a service says that an object does not exist."""
    return bool(_MISSING.search(error.response["Error"]["Code"]))


class Unanswered(Exception):
    """moto failed on a request that AWS would respond to. Usually AWS rejects a value that moto does not check."""


class _ToMoto(BotocoreStubber):
    """Responds to boto3's requests with moto in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.enabled = True

    def process_request(self, request: Any) -> Any:
        try:
            return super().process_request(request)
        except Exception as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error


class NestedStacks(Protocol):
    """Makes, changes and removes the nested stacks of the stack that is being changed."""

    def create(self, aws: Clients, name: str, p: Mapping[str, Any]) -> Any:
        """Make a nested stack."""

    def update(self, aws: Clients, made: Any, p: Mapping[str, Any]) -> None:
        """Change a nested stack."""

    def undo(self, made: Any) -> None:
        """Roll back a change."""

    def delete(self, made: Any) -> None:
        """Remove a nested stack."""

    def is_there(self, made: Any) -> bool:
        """Tell whether a nested stack exists."""

    def complete(self) -> None:
        """Remove what the changes no longer need."""


class Clients:
    """Clients with the caller's rights in one account and region.

    Attributes:
        tags: the tags of the stack that is being changed.
        nested: its nested stacks.
    """

    nested: NestedStacks

    def __init__(self, response: BaseResponse) -> None:
        self.account: str = response.current_account
        self.region: str = response.region
        self.tags: Mapping[str, str] = {}
        headers = dict(response.headers.items())
        key = create_access_key(self.account, "aws", str(response.access_key), headers)
        found = key.create_credentials()
        self._credentials = (found.access_key, found.secret_key, found.token)

    def __call__(self, service: str) -> Any:
        """Return a client of a service."""
        return _client(service, self.region, self._credentials)

    def arn(self, service: str, name: str) -> str:
        """Return the ARN of a service's resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"


@contextmanager
def via_cloudformation() -> Iterator[None]:
    """Mark the calls in this context as made by CloudFormation, for IAM conditions."""
    token = CALLED_VIA.set("cloudformation.amazonaws.com")
    try:
        yield
    finally:
        CALLED_VIA.reset(token)


@lru_cache(maxsize=1)
def _session() -> Any:
    return boto3.Session()


@lru_cache(maxsize=256)
def _client(service: str, region: str, credentials: tuple[str, str, str | None]) -> Any:
    key, secret, token = credentials
    made = _session().client(
        service,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=_ONCE,
    )
    made.meta.events.register("before-send", _ToMoto())
    return made
