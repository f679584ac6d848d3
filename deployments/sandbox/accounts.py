"""Prepares the accounts of a fresh sandbox AWS, and then enforces IAM.

It creates two IAM users in the first environment's account. The product runs as the *operator*, who may only assume
the environments' roles. Those roles trust the operator in addition to the principals that platform.yaml names. The
*administrator* may do anything in any account, such as prepare accounts or cause drift.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import botocore.session
from botocore.config import Config

from deployments.processes import Process
from tasks.bootstrap import backends, bootstrap, policies
from tasks.domain.platform import Environment, Platform, Purpose
from tasks.domain.values import digest_of
from tasks.manifest import unit_environment

ADMINISTRATOR_ROLE = "administrator"

_PATIENT = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 2}, proxies={}
)
"""Long time limits, because several servers start on this machine at once. No proxy, because calls use loopback."""


@dataclass(frozen=True)
class AccessKey:
    """An access key of an IAM user. `repr` does not show the secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Accounts:
    """The prepared accounts.

    Attributes:
        operator: the operator's access key.
        administrator: the administrator's access key.
        process: the process id and start time of the AWS server that holds the accounts in memory.
        basis: the digest of the input that the accounts were prepared from (see `basis_of`).
    """

    operator: AccessKey
    administrator: AccessKey
    process: tuple[int, float]
    basis: str

    def belong_to(self, process: Process) -> bool:
        """Tell whether `process` is the AWS server that holds these accounts in memory."""
        return self.process == (process.pid, process.started)

    def save(self, file: Path) -> None:
        """Write the accounts to `file`, readable only by its owner."""
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(self)))


def load(file: Path) -> Accounts | None:
    """Return the accounts saved in `file`, or None if the file does not exist."""
    if not file.exists():
        return None
    found = json.loads(file.read_text())
    pid, started = found["process"]
    keys = AccessKey(**found["operator"]), AccessKey(**found["administrator"])
    return Accounts(*keys, (pid, started), found["basis"])


def basis_of(platform: Platform, infrastructure: Path) -> str:
    """Return a digest of the inputs of `prepare`: environments, trusted principals, policies and Terraform backends.

    The digest changes whenever the accounts would be prepared differently.
    """
    environments = [[e.name, e.account, e.region, e.roles] for e in platform.environments]
    files = [policies.file_of(infrastructure, each).read_text() for each in policies.POLICIES]
    named = [
        [each.settings for each in backends.of_terraform(infrastructure, platform, environment)]
        for environment in platform.environments
    ]
    return digest_of([platform.name, environments, list(platform.trusted), files, named])


def prepare(
    endpoint: str, process: Process, platform: Platform, infrastructure: Path, known: Accounts | None
) -> Accounts:
    """Create missing users and administrator roles, enforce IAM, and `bootstrap` every environment with an account.

    Args:
        endpoint: the URL of the sandbox's AWS.
        process: the process that serves it.
        platform: the platform.
        infrastructure: the folder of platform.yaml.
        known: accounts prepared earlier in the same process, whose users keep their keys; None if there are none.

    Returns:
        The prepared accounts, not yet saved.
    """
    _check_from_call(endpoint, "inf")
    environments = [each for each in platform.environments if each.account]
    home = home_of(platform)
    for environment in (home, *environments):
        _make_administrator_role(_anyone(endpoint, environment)("iam"), platform)
    users = (known.operator, known.administrator) if known else _make_users(endpoint, platform)
    _check_from_call(endpoint, "0")
    accounts = Accounts(*users, (process.pid, process.started), basis_of(platform, infrastructure))
    for environment in environments:
        bootstrap(
            _trusting(platform), environment.name, infrastructure, as_administrator(endpoint, accounts, environment)
        )
    return accounts


def home_of(platform: Platform) -> Environment:
    """Return the environment whose account holds the users.

    It is the first environment with an account. If none has one, it is the first environment with an account number
    that only the sandbox uses.
    """
    with_account = (each for each in platform.environments if each.account)
    return next(with_account, replace(platform.environments[0], account="111111111111", region="eu-west-1"))


def _trusting(platform: Platform) -> Platform:
    """Return the platform with the operator among its trusted principals, unless it trusts that account already."""
    account, operator = (f"arn:aws:iam::{home_of(platform).account}:{each}" for each in ("root", "user/operator"))
    is_trusted = {account, operator} & {*platform.trusted}
    return platform if is_trusted else replace(platform, trusted=(*platform.trusted, operator))


def as_administrator(endpoint: str, accounts: Accounts, environment: Environment) -> Callable[..., Any]:
    """Return a factory of boto3 clients that act as the administrator of an environment.

    Args:
        endpoint: the URL of the sandbox's AWS.
        accounts: the prepared accounts.
        environment: the environment, which must have an account.

    Returns:
        `client(service)` or `client(service, region)`; the region defaults to the environment's.
    """
    return _assumed(accounts.administrator, endpoint, environment)


def _anyone(endpoint: str, environment: Environment) -> Callable[..., Any]:
    """Return clients in the environment's account while IAM is not enforced, when any credentials are accepted."""
    return _assumed(AccessKey("none", "none"), endpoint, environment)


def _assumed(user: AccessKey, endpoint: str, environment: Environment) -> Callable[..., Any]:
    arn = f"arn:aws:iam::{environment.account}:role/{ADMINISTRATOR_ROLE}"
    place = {"region_name": environment.region, "endpoint_url": endpoint, "config": _PATIENT}
    keys = {"aws_access_key_id": user.id, "aws_secret_access_key": user.secret}
    sts = _session().create_client("sts", **place, **keys)
    found = sts.assume_role(RoleArn=arn, RoleSessionName="sandbox")["Credentials"]
    role = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    return lambda service, region=environment.region: _session().create_client(
        service, **(place | {"region_name": region}), **role
    )


@lru_cache(maxsize=1)
def _session() -> Any:
    """Return a session that ignores the user's variables and files. It is cached to parse service models once."""
    nothing = {"profile": (None, None, None, None)}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars=nothing | nowhere)


def _make_administrator_role(iam: Any, platform: Platform) -> None:
    if ADMINISTRATOR_ROLE in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        return
    trusted = {"AWS": f"arn:aws:iam::{home_of(platform).account}:user/administrator"}
    trust = _policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
    iam.create_role(RoleName=ADMINISTRATOR_ROLE, AssumeRolePolicyDocument=trust)
    everything = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_role_policy(RoleName=ADMINISTRATOR_ROLE, PolicyName="everything", PolicyDocument=everything)


def _make_users(endpoint: str, platform: Platform) -> tuple[AccessKey, AccessKey]:
    iam = _anyone(endpoint, home_of(platform))("iam")
    operator = _make_user(iam, "operator", f"arn:aws:iam::*:role/{platform.name}-*", *_roles(platform))
    return operator, _make_user(iam, "administrator", f"arn:aws:iam::*:role/{ADMINISTRATOR_ROLE}")


def _roles(platform: Platform) -> list[str]:
    """Return the ARNs of all roles that a run may assume: those of environments and units' own."""
    places = [
        place
        for environment in platform.environments
        for place in (
            environment,
            *(unit_environment(platform.name, environment, unit) for unit in platform.units_in(environment.name)),
        )
        if place.account
    ]
    return sorted({place.role(purpose) for place in places for purpose in get_args(Purpose)})


def _make_user(iam: Any, name: str, *roles: str) -> AccessKey:
    iam.create_user(UserName=name)
    may = _policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [*roles]})
    iam.put_user_policy(UserName=name, PolicyName="assume-roles", PolicyDocument=may)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(key["AccessKeyId"], key["SecretAccessKey"])


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _check_from_call(endpoint: str, number: str) -> None:
    """Make moto check credentials and policies from the given call on: "0" means always, "inf" means never."""
    url, kind = f"{endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    asked = urllib.request.Request(url, number.encode(), kind, method="POST")  # noqa: S310 loopback
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10).close()
