"""Prepares the account of an environment, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tasks.aws import asking
from tasks.bootstrap import backends, policies
from tasks.bootstrap.buckets import bucket_settings, names_of, state_bucket, tags_of
from tasks.bootstrap.settings import AppliedSetting, Setting, reader, settle
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Environment, Platform
from tasks.engines.terraform.backends import Backend

Client = Callable[..., Any]
"""`client(service)`, or `client(service, region)`: a boto3 client with credentials of the account to prepare."""


def bootstrap(
    platform: Platform,
    environment_name: str,
    infrastructure: Path,
    client: Client,
    named: Sequence[Backend] = (),
) -> tuple[AppliedSetting, ...]:
    """Prepare the account of an environment for Terraform.

    Args:
        platform: the platform, whose name begins the names of bucket and roles.
        environment_name: the environment.
        infrastructure: the folder of platform.yaml.
        client: returns boto3 clients with administrator credentials.
        named: backends of units of other engines than Terraform; the roles get access to their states.

    Returns:
        The result for each setting, in order.

    Raises:
        InvalidInput: The environment is unknown or has no account, nobody is trusted, or a policy is invalid.
        Refused: The credentials are of another account, or not sufficient.
        Unanswered: AWS did not respond.
    """
    environment = _environment(platform, environment_name)
    if not platform.trusted:
        raise InvalidInput(
            f"{infrastructure / 'platform.yaml'}: trusted is missing: list the ARNs of who may assume the roles, "
            f"such as arn:aws:iam::{environment.account}:root for everybody in the account whom its IAM allows to"
        )
    own = backends.of_terraform(infrastructure, platform, environment)
    names = _names(platform, environment, (*own, *named))
    with asking(f"prepare the account of {environment_name}"):
        _refuse_another_account(environment, client("sts"))
        settings = [
            *bucket_settings(
                client("s3"), environment.region, names, _document(infrastructure, "state-bucket", names)
            ),
            *_role_settings(client("iam"), environment.role("plan"), "plan", infrastructure, names),
            *_role_settings(client("iam"), environment.role("apply"), "apply", infrastructure, names),
        ]
        done = tuple(settle(setting) for setting in settings)
    return (*done, *backends.provide(platform, environment, infrastructure, own, client))


def _environment(platform: Platform, name: str) -> Environment:
    with suppress(KeyError):
        found = platform.environment(name)
        if not found.account:
            raise InvalidInput(f"{name} has no account in platform.yaml: there is nothing to prepare")
        return found
    known = ", ".join(environment.name for environment in platform.environments)
    raise InvalidInput(f"{name}: no such environment; platform.yaml has {known}")


def _refuse_another_account(environment: Environment, sts: Any) -> None:
    identity = sts.get_caller_identity()
    if identity["Account"] != environment.account:
        raise Refused(
            f"prepare {environment.name}: its account is {environment.account}, but the credentials in use are "
            f"{identity['Arn']} in {identity['Account']}; use administrator credentials of {environment.account}"
        )


def _names(platform: Platform, environment: Environment, named: Sequence[Backend]) -> dict[str, Any]:
    """Return the variables that an environment's policies and tags may use."""
    bucket = state_bucket(platform.name, environment)
    buckets = sorted({bucket, *(str(each.settings["bucket"]) for each in named if backends.is_bucket(each))})
    return {
        **names_of(platform, environment, bucket),
        "trusted": list(platform.trusted),
        "plan_role": environment.role("plan"),
        "apply_role": environment.role("apply"),
        "state_buckets": [f"arn:aws:s3:::{each}" for each in buckets],
        "states": [f"arn:aws:s3:::{each}/*" for each in buckets],
        "state_locks": [f"arn:aws:s3:::{each}/*.tflock" for each in buckets],
        "lock_tables": sorted({arn for each in named if (arn := backends.lock_table(environment, each))}),
    }


def _document(infrastructure: Path, policy: str, names: Mapping[str, Any]) -> dict[str, Any]:
    return policies.document(policies.file_of(infrastructure, policy), names)


def _role_settings(iam: Any, arn: str, purpose: str, infrastructure: Path, names: Mapping[str, Any]) -> list[Setting]:
    path, _, role = arn.partition(":role")[2].rpartition("/")
    here, policy_name = {"RoleName": role}, {"PolicyName": names["platform"]}
    trust, policy = (_document(infrastructure, each, names) for each in ("trust", purpose))
    return [
        Setting(
            f"role {role}",
            reader(iam.get_role, here, lambda _: "exists"),
            "exists",
            partial(
                iam.create_role,
                **here,
                Path=f"{path}/",
                AssumeRolePolicyDocument=json.dumps(trust),
                Tags=tags_of(names),
            ),
        ),
        Setting(
            f"role {role}, who may assume it",
            reader(iam.get_role, here, lambda found: found["Role"]["AssumeRolePolicyDocument"]),
            trust,
            partial(iam.update_assume_role_policy, **here, PolicyDocument=json.dumps(trust)),
        ),
        Setting(
            f"role {role}, what it may do",
            reader(iam.get_role_policy, here | policy_name, lambda found: found["PolicyDocument"]),
            policy,
            partial(iam.put_role_policy, **here, **policy_name, PolicyDocument=json.dumps(policy)),
        ),
    ]
