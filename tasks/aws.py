"""Access to AWS: short-lived credentials of one role in one account, and clients that use them.

Every environment is reached through a role, so AWS decides what is permitted. boto3 finds the endpoint and the
initial (ambient) credentials in the environment: AWS_PROFILE, AWS_ACCESS_KEY_ID, a web identity, AWS_ENDPOINT_URL.
This module itself reads only the endpoint, to pass it on to the tools.
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

from botocore.config import Config
from botocore.session import get_session
from pydantic import SecretStr

from tasks import masking
from tasks.aws_errors import AWS_ERRORS, AwsError, asking, explained

__all__ = [
    "AWS_ERRORS",
    "AwsError",
    "Credentials",
    "RoleSessions",
    "ambient_client",
    "asking",
    "assume",
    "client",
    "client_with",
    "explained",
]

_QUICK = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
"""AWS responds well within a second, so a longer wait means that the network is down."""

_RENEW_BEFORE = timedelta(minutes=10)
"""How long credentials must still be valid to be reused, so that they do not expire in the middle of a step."""


@dataclass(frozen=True)
class Credentials:
    """Credentials of an assumed role, valid until `expires_at` (UTC). The secrets do not show in `repr`."""

    role: str
    region: str
    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr
    expires_at: datetime

    def environment(self) -> dict[str, str]:
        """Return the environment variables that let a tool act as this role. They hold secrets: never log them."""
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
        """Tell whether the credentials are valid long enough to begin a step."""
        return self.expires_at - datetime.now(UTC) > _RENEW_BEFORE


class RoleSessions:
    """Obtains the credentials of roles for one run, and reuses them until they are about to expire.

    It uses the ambient credentials. `name` is the session name that AWS shows in its audit records of the run.
    Thread-safe.
    """

    def __init__(self, name: str) -> None:
        # The characters and length that STS accepts for a session name.
        self._name = re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)[:64]
        self._known: dict[tuple[str, str], Credentials] = {}
        self._asking = threading.Lock()

    def assume(self, role_arn: str, region: str) -> Credentials:
        """Return credentials of a role.

        Args:
            role_arn: the role to assume.
            region: the region in which to assume it.

        Returns:
            Credentials that are valid for at least ten minutes.

        Raises:
            Refused: The ambient credentials may not assume the role.
            Unequipped: There are no ambient credentials here, or AWS does not accept them.
            Unanswered: AWS did not respond.
        """
        with self._asking, asking(f"assume {role_arn}"):
            known = self._known.get((role_arn, region))
            if known is None or not known.fresh:
                known = self._known[role_arn, region] = _ask(role_arn, region, self._name)
            return known


_making = threading.Lock()


def assume(role_arn: str, region: str, session_name: str) -> Credentials:
    """Return new credentials of a role; raises what `RoleSessions.assume` does."""
    return RoleSessions(session_name).assume(role_arn, region)


def client(service: str, credentials: Credentials) -> Any:
    """Return a boto3 client for `service` that acts as the role of `credentials`; threads may share it."""
    return client_with(service, credentials.environment())


def client_with(service: str, variables: Mapping[str, str]) -> Any:
    """Return a boto3 client for `service` from the variables of `Credentials.environment`.

    Engines without a tool of their own use it.
    """
    given = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
    region, key, secret, token, endpoint = (variables.get(name) for name in given)
    # boto3 finds this process's own endpoint itself, and then also lets AWS_ENDPOINT_URL_S3 take precedence.
    elsewhere = endpoint if endpoint != os.environ.get("AWS_ENDPOINT_URL") else None
    return _client(service, region, key, secret, token, elsewhere, _ambient())


@lru_cache(maxsize=128)
def _client(
    service: str,
    region: str | None,
    key: str | None,
    secret: str | None,
    token: str | None,
    elsewhere: str | None,
    _: tuple[str, ...],
) -> Any:
    """Return a client, cached by everything that it is made from, so no run gets one of another role or endpoint."""
    with _making, asking(f"reach {service}"):
        return _fresh_session().create_client(
            service,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            endpoint_url=elsewhere,
            config=_QUICK,
        )


def ambient_client(service: str, region: str) -> Any:
    """Return a boto3 client for `service` with the ambient credentials, for the time before the roles exist."""
    # boto3 is slower to import than botocore, which suffices everywhere else.
    import boto3

    session: Any = boto3.Session(region_name=region)
    return session.client(service, config=_QUICK)


def _ask(role_arn: str, region: str, name: str) -> Credentials:
    with _making:
        sts = _fresh_session().create_client("sts", region_name=region, config=_QUICK)
    found = sts.assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    masking.KNOWN.learn([found["SecretAccessKey"], found["SessionToken"]])
    return Credentials(
        role=role_arn,
        region=region,
        access_key_id=found["AccessKeyId"],
        secret_access_key=SecretStr(found["SecretAccessKey"]),
        session_token=SecretStr(found["SessionToken"]),
        expires_at=found["Expiration"],
    )


def _ambient() -> tuple[str, ...]:
    """Return the AWS variables of this process as a cache key, because boto3 reads them when it makes a client."""
    return tuple(f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("AWS_"))


@lru_cache(maxsize=1)
def _session() -> Any:
    """Return a session that only holds the service descriptions, which are slow to load and shared by all clients."""
    return get_session()


def _fresh_session() -> Any:
    """Return a session that reads the current ambient credentials, with the service descriptions already loaded."""
    session = get_session()
    session.register_component("data_loader", _session().get_component("data_loader"))
    return session
