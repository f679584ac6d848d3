"""Reaching AWS: short-lived credentials of one role in one account, and clients that use them.

Every environment is reached through a role, so that what may be done is decided by AWS and not by us. Where AWS is,
and whose credentials we start from, is what boto3 finds in the environment: AWS_PROFILE, AWS_ACCESS_KEY_ID, a web
identity, AWS_ENDPOINT_URL. Only the endpoint is read here as well, to pass it on to the tools that we start.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import get_session
from pydantic import SecretStr

from tasks.aws_errors import AWS_ERRORS, AwsError, asking, explained

__all__ = [
    "AWS_ERRORS",
    "AwsError",
    "Credentials",
    "ambient_client",
    "asking",
    "assume",
    "client",
    "client_with",
    "explained",
]

_QUICK = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
"""An answer takes AWS well under a second: who waits longer waits for a network that is not there."""

_RENEW_BEFORE = timedelta(minutes=10)
"""How long credentials must still be valid to be handed out again: a step should not run out of them half way."""


@dataclass(frozen=True)
class Credentials:
    """Credentials of an assumed role, valid until `expires_at` (UTC). The secrets in it do not print."""

    role: str
    region: str
    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr
    expires_at: datetime

    def environment(self) -> dict[str, str]:
        """The variables with which a tool acts as this role. They hold secrets: for a process, not for a log."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key.get_secret_value(),
            "AWS_SESSION_TOKEN": self.session_token.get_secret_value(),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
        }

    @property
    def fresh(self) -> bool:
        """Whether they last long enough to begin a step with."""
        return self.expires_at - datetime.now(UTC) > _RENEW_BEFORE


_assumed: dict[tuple[str, ...], Credentials] = {}
_assuming = threading.Lock()
_making = threading.Lock()


def assume(role_arn: str, region: str, session_name: str = "flowmart") -> Credentials:
    """Credentials of the role, from the ambient ones; the same again until shortly before they expire.

    Raises `Refused` when there are no ambient credentials or they may not assume the role, `Unanswered` when AWS
    gave no answer. Safe to call from several threads.
    """
    key = (role_arn, region, session_name, *_ambient())
    known = _assumed.get(key)
    if known is not None and known.fresh:
        return known
    with _assuming, asking(f"assume {role_arn}"):
        known = _assumed.get(key)
        if known is None or not known.fresh:
            known = _assumed[key] = _ask(_fresh_session(), role_arn, region, session_name)
        return known


def client(service: str, credentials: Credentials) -> Any:
    """A boto3 client for `service` that acts as the role of `credentials`; safe to share between threads."""
    return client_with(service, credentials.environment())


def client_with(service: str, variables: Mapping[str, str]) -> Any:
    """The same, with what `Credentials.environment` gives: for engines that have no tool."""
    given = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
    return _client(service, *(variables.get(name) for name in given))


@lru_cache(maxsize=128)
def _client(
    service: str, region: str | None, key: str | None, secret: str | None, token: str | None, endpoint: str | None
) -> Any:
    # What the process itself is told, boto3 finds alone, with an AWS_ENDPOINT_URL_S3 that goes before it.
    elsewhere = endpoint if endpoint != os.environ.get("AWS_ENDPOINT_URL") else None
    with _making, asking(f"reach {service}"):
        return _session().create_client(
            service,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            endpoint_url=elsewhere,
            config=_QUICK,
        )


def ambient_client(service: str, region: str) -> Any:
    """A boto3 client for `service` that acts as whoever runs us. Only for what happens before any role exists."""
    session: Any = boto3.Session(region_name=region)
    return session.client(service, config=_QUICK)


def _ask(session: Any, role_arn: str, region: str, session_name: str) -> Credentials:
    sts = session.create_client("sts", region_name=region, config=_QUICK)
    # What STS takes for a name; AWS shows it in every record of what the session did.
    name = re.sub(r"[^\w+=,.@-]", "-", session_name, flags=re.ASCII)[:64]
    found = sts.assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    return Credentials(
        role=role_arn,
        region=region,
        access_key_id=found["AccessKeyId"],
        secret_access_key=SecretStr(found["SecretAccessKey"]),
        session_token=SecretStr(found["SessionToken"]),
        expires_at=found["Expiration"],
    )


def _ambient() -> tuple[str, ...]:
    """Who and where we are, as far as it decides whose roles we get: what boto3 would look at.

    A session would tell exactly, but takes ten milliseconds to make, and we are asked before every command.
    """
    return tuple(f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("AWS_"))


@lru_cache(maxsize=1)
def _session() -> Any:
    """One session for all clients: it holds the service descriptions, which are slow to load."""
    return get_session()


def _fresh_session() -> Any:
    """A session that finds the ambient credentials as they are now, with the descriptions that are loaded already."""
    session = get_session()
    session.register_component("data_loader", _session().get_component("data_loader"))
    return session
