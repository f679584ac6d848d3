"""Prepares the accounts of a fresh sandbox AWS, and then switches enforcement of IAM on.

There are two people in it, both users in the first environment's account: the *operator*, as whom the product runs,
may do nothing but assume the `flowmart-*` roles; the *administrator* may do anything in any account, and stands
for whoever prepares accounts, or changes something by hand in a console.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from deployments.processes import Process
from tasks.bootstrap import bootstrap
from tasks.domain.platform import Environment, Platform
from tasks.domain.values import digest_of

ADMINISTRATOR_ROLE = "administrator"

_PATIENT = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 2}, proxies={}
)
"""Long limits, because the machine is busy with servers that start at the same time. No proxy: it is loopback."""


@dataclass(frozen=True)
class Key:
    """An access key of one of the two people. The secret does not print."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Accounts:
    """The people's keys, the process that knows them, and the digest of what the accounts were prepared from."""

    operator: Key
    administrator: Key
    process: tuple[int, float]
    basis: str

    def belong_to(self, process: Process) -> bool:
        """Whether `process` is the one in whose memory these accounts are."""
        return self.process == (process.pid, process.started)

    def save(self, file: Path) -> None:
        """Write to a file that only its owner may read."""
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(self)))


def load(file: Path) -> Accounts | None:
    """The accounts that were saved; `None` when there are none."""
    if not file.exists():
        return None
    found = json.loads(file.read_text())
    pid, started = found["process"]
    keys = Key(**found["operator"]), Key(**found["administrator"])
    return Accounts(*keys, (pid, started), found["basis"])


def basis_of(platform: Platform, infrastructure: Path) -> str:
    """Changes when accounts would be prepared differently: another environment, another policy."""
    environments = [[e.name, e.account, e.region, e.roles] for e in platform.environments]
    policies = [file.read_text() for file in sorted((infrastructure / "bootstrap").glob("*.json"))]
    return digest_of([platform.name, environments, list(platform.trusted), policies])


def prepare(
    endpoint: str, process: Process, platform: Platform, infrastructure: Path, known: Accounts | None
) -> Accounts:
    """Make what is missing of people and administrator roles, enforce IAM, and `bootstrap` every environment.

    `known` are the accounts that were prepared in this process before, if any: the people keep their keys.
    """
    _check_from_call(endpoint, "inf")
    for environment in platform.environments:
        _make_administrator_role(_anyone(endpoint, environment)("iam"), platform)
    people = (known.operator, known.administrator) if known else _make_people(endpoint, platform)
    _check_from_call(endpoint, "0")
    accounts = Accounts(*people, (process.pid, process.started), basis_of(platform, infrastructure))
    for environment in platform.environments:
        bootstrap(platform, environment.name, infrastructure, as_administrator(endpoint, accounts, environment))
    return accounts


def as_administrator(endpoint: str, accounts: Accounts, environment: Environment) -> Callable[[str], Any]:
    """Gives clients that act as the administrator in the account of `environment`."""
    return _assumed(accounts.administrator, endpoint, environment)


def _anyone(endpoint: str, environment: Environment) -> Callable[[str], Any]:
    """Clients in the account of `environment`, as long as IAM is not enforced: any credentials do."""
    return _assumed(Key("nobody", "nobody"), endpoint, environment)


def _assumed(who: Key, endpoint: str, environment: Environment) -> Callable[[str], Any]:
    arn = f"arn:aws:iam::{environment.account}:role/{ADMINISTRATOR_ROLE}"
    place = {"region_name": environment.region, "endpoint_url": endpoint, "config": _PATIENT}
    person = {"aws_access_key_id": who.id, "aws_secret_access_key": who.secret}
    sts = _session().create_client("sts", **place, **person)
    found = sts.assume_role(RoleArn=arn, RoleSessionName="sandbox")["Credentials"]
    role = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    return lambda service: _session().create_client(service, **place, **role)


@lru_cache(maxsize=1)
def _session() -> Any:
    """A session that takes nothing from the user's environment or files, and parses service descriptions once."""
    nothing = {"profile": (None, None, None, None)}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars=nothing | nowhere)


def _make_administrator_role(iam: Any, platform: Platform) -> None:
    if ADMINISTRATOR_ROLE in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        return
    account = platform.environments[0].account
    trusted = {"AWS": f"arn:aws:iam::{account}:user/administrator"}
    trust = _policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
    iam.create_role(RoleName=ADMINISTRATOR_ROLE, AssumeRolePolicyDocument=trust)
    everything = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_role_policy(RoleName=ADMINISTRATOR_ROLE, PolicyName="everything", PolicyDocument=everything)


def _make_people(endpoint: str, platform: Platform) -> tuple[Key, Key]:
    iam = _anyone(endpoint, platform.environments[0])("iam")
    operator = _make_person(iam, "operator", f"arn:aws:iam::*:role/{platform.name}-*")
    return operator, _make_person(iam, "administrator", f"arn:aws:iam::*:role/{ADMINISTRATOR_ROLE}")


def _make_person(iam: Any, name: str, roles: str) -> Key:
    iam.create_user(UserName=name)
    may = _policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles})
    iam.put_user_policy(UserName=name, PolicyName="assume-roles", PolicyDocument=may)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(key["AccessKeyId"], key["SecretAccessKey"])


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _check_from_call(endpoint: str, number: str) -> None:
    """Let moto check credentials and policies from the `number`th call on: "0" is always, "inf" is never."""
    url, kind = f"{endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    asked = urllib.request.Request(url, number.encode(), kind, method="POST")  # noqa: S310 loopback
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10).close()
