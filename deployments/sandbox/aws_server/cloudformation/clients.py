"""Acting for whoever called CloudFormation: boto3 clients with the caller's own credentials, inside of this process.

AWS makes a stack's resources with the rights of the principal that called (a forward access session), and lets
policies tell such calls apart by `aws:CalledVia`. Here the calls go to moto directly and pass the same evaluation of
IAM policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

import boto3
from botocore.config import Config
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse
from moto.iam.access_control import create_access_key

from deployments.sandbox.aws_server.authorization import CALLED_VIA

# An AWS_ENDPOINT_URL would lead back to this server, which waits for us.
_ONCE = Config(ignore_configured_endpoint_urls=True, retries={"total_max_attempts": 1})  # type: ignore[call-arg]


class Unanswered(Exception):
    """moto broke on a request, where AWS would have answered: mostly a value that AWS refuses and moto trusts."""


class _ToMoto(BotocoreStubber):
    """Answers what boto3 would send, from moto in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.enabled = True

    def process_request(self, request: Any) -> Any:
        try:
            return super().process_request(request)
        except Exception as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error


class NestedStacks(Protocol):
    """How the nested stacks of the stack that is worked on are made, changed and removed."""

    def create(self, aws: Clients, name: str, p: Mapping[str, Any]) -> Any:
        """Make one."""

    def update(self, aws: Clients, made: Any, p: Mapping[str, Any]) -> None:
        """Change one."""

    def undo(self, made: Any) -> None:
        """Put back what was changed."""

    def delete(self, made: Any) -> None:
        """Remove one."""

    def is_there(self, made: Any) -> bool:
        """Whether there is one."""

    def complete(self) -> None:
        """Let go of what the changes no longer need."""


class Clients:
    """Clients with the caller's rights in one account and region. `tags` and `nested` are of the stack in work."""

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
        """A client of the service."""
        return _client(service, self.region, self._credentials)

    def arn(self, service: str, name: str) -> str:
        """The ARN of something of the service here."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"


@contextmanager
def via_cloudformation() -> Iterator[None]:
    """What is called inside is called by CloudFormation, for IAM conditions."""
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
