"""Prepares an account for Terraform: the state bucket and the two roles.

They are made through boto3, because Terraform cannot run without them. Each setting is read first and written only if
it differs, so a second run changes nothing; nothing is ever removed. The policies are data, in
`infrastructure/bootstrap/`. Run it with administrator credentials of the account itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tasks.aws import asking
from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.platform import Environment, Platform

Client = Callable[[str], Any]
"""Returns the boto3 client of a service, with credentials of the account that is being prepared."""


@dataclass(frozen=True)
class Setting:
    """One desired setting. `read` returns the current value, None if there is none; `write` makes it `right`."""

    name: str
    read: Callable[[], Any]
    right: Any
    write: Callable[[], Any]


@dataclass(frozen=True)
class AppliedSetting:
    """What was done about one setting: "created", "corrected" or "already right"."""

    name: str
    done: str

    def __str__(self) -> str:
        return f"{self.name}: {self.done}"


def state_bucket(platform: str, environment: Environment) -> str:
    """The name of the bucket that holds the Terraform states of a platform in an environment."""
    return f"{platform}-{environment.name}-tfstate-{environment.account}"


def bootstrap(
    platform: Platform, environment_name: str, infrastructure: Path, client: Client
) -> tuple[AppliedSetting, ...]:
    """Prepare the account of an environment for Terraform.

    Args:
        platform: the platform, whose name begins the names of bucket and roles.
        environment_name: the environment.
        infrastructure: the folder that holds bootstrap/ with the policies.
        client: returns boto3 clients with administrator credentials.

    Returns:
        What was done about each setting, in order.

    Raises:
        InvalidInput: The environment is unknown, or a policy file is missing or invalid.
        Refused: The credentials are of another account, or not sufficient.
        Unanswered: AWS did not respond.
    """
    environment = _environment(platform, environment_name)
    with asking(f"prepare the account of {environment_name}"):
        _refuse_another_account(environment, client("sts"))
        names = names_of(platform, environment)
        policies = infrastructure / "bootstrap"
        settings = [
            *bucket_settings(
                client("s3"), environment.region, names, document(policies / "state-bucket.json", names)
            ),
            *_role_settings(client("iam"), environment.role("plan"), policies / "plan.json", names),
            *_role_settings(client("iam"), environment.role("apply"), policies / "apply.json", names),
        ]
        return tuple(settle(setting) for setting in settings)


def document(path: Path, names: Mapping[str, Any]) -> dict[str, Any]:
    """The policy in the JSON file at `path`, with every `${name}` of `names` filled in.

    A string that is one `${name}` and nothing else becomes the value itself, which may be a list. AWS's own
    variables, such as `${aws:username}`, are kept.

    Raises:
        InvalidInput: The file is missing or not JSON, or names an unknown variable.
    """
    try:
        template = json.loads(path.read_text())
        return dict(_filled(template, names))
    except FileNotFoundError as error:
        raise InvalidInput(f"{path}: missing; restore it from version control") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except KeyError as error:
        raise InvalidInput(f"{path}: ${{{error.args[0]}}} is unknown; use one of {', '.join(names)}") from error


def _environment(platform: Platform, name: str) -> Environment:
    with suppress(KeyError):
        return platform.environment(name)
    known = ", ".join(environment.name for environment in platform.environments)
    raise InvalidInput(f"{name}: no such environment; platform.yaml has {known}")


def _refuse_another_account(environment: Environment, sts: Any) -> None:
    identity = sts.get_caller_identity()
    if identity["Account"] != environment.account:
        raise Refused(
            f"prepare {environment.name}: its account is {environment.account}, but the credentials in use are "
            f"{identity['Arn']} in {identity['Account']}; use administrator credentials of {environment.account}"
        )


def names_of(platform: Platform, environment: Environment) -> dict[str, Any]:
    """What policies and tags of an environment may name."""
    return {
        "account": environment.account,
        "bucket": state_bucket(platform.name, environment),
        "environment": environment.name,
        "platform": platform.name,
        "region": environment.region,
        "trusted": list(platform.trusted),
    }


def bucket_settings(s3: Any, region: str, names: Mapping[str, Any], policy: Mapping[str, Any]) -> list[Setting]:
    """What a bucket of states has to be like.

    Args:
        s3: a client with administrator credentials, in the bucket's region.
        region: where the bucket is.
        names: its name as "bucket", and what its tags say (`names_of`).
        policy: its policy.
    """
    here = {"Bucket": names["bucket"]}
    return [
        _bucket(s3, region, here),
        _versioning(s3, here),
        _encryption(s3, here),
        _public_access_block(s3, here),
        _bucket_policy(s3, here, policy),
        _buckettags_of(s3, here, tags_of(names)),
    ]


def _bucket(s3: Any, region: str, here: Mapping[str, str]) -> Setting:
    place = {"LocationConstraint": region}
    # In us-east-1, and only there, S3 rejects a LocationConstraint.
    located = {} if region == "us-east-1" else {"CreateBucketConfiguration": place}
    return Setting(
        f"bucket {here['Bucket']}",
        reader(s3.head_bucket, here, lambda _: "exists"),
        "exists",
        partial(s3.create_bucket, **here, **located),
    )


def _versioning(s3: Any, here: Mapping[str, str]) -> Setting:
    return Setting(
        f"bucket {here['Bucket']}, versioning",
        reader(s3.get_bucket_versioning, here, lambda found: found.get("Status")),
        "Enabled",
        partial(s3.put_bucket_versioning, **here, VersioningConfiguration={"Status": "Enabled"}),
    )


def _encryption(s3: Any, here: Mapping[str, str]) -> Setting:
    by_default = {"SSEAlgorithm": "AES256"}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": False}]}
    return Setting(
        f"bucket {here['Bucket']}, encryption",
        reader(s3.get_bucket_encryption, here, lambda found: found["ServerSideEncryptionConfiguration"]),
        rules,
        partial(s3.put_bucket_encryption, **here, ServerSideEncryptionConfiguration=rules),
    )


def _public_access_block(s3: Any, here: Mapping[str, str]) -> Setting:
    kinds = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    block = dict.fromkeys(kinds, True)
    return Setting(
        f"bucket {here['Bucket']}, closed to the public",
        reader(s3.get_public_access_block, here, lambda found: found["PublicAccessBlockConfiguration"]),
        block,
        partial(s3.put_public_access_block, **here, PublicAccessBlockConfiguration=block),
    )


def _bucket_policy(s3: Any, here: Mapping[str, str], policy: Mapping[str, Any]) -> Setting:
    return Setting(
        f"bucket {here['Bucket']}, only over TLS",
        reader(s3.get_bucket_policy, here, lambda found: json.loads(found["Policy"])),
        policy,
        partial(s3.put_bucket_policy, **here, Policy=json.dumps(policy)),
    )


def _buckettags_of(s3: Any, here: Mapping[str, str], tags: Sequence[Mapping[str, str]]) -> Setting:
    return Setting(
        f"bucket {here['Bucket']}, tags",
        reader(s3.get_bucket_tagging, here, lambda found: found["TagSet"]),
        list(tags),
        partial(s3.put_bucket_tagging, **here, Tagging={"TagSet": list(tags)}),
    )


def _role_settings(iam: Any, arn: str, policy_file: Path, names: Mapping[str, Any]) -> list[Setting]:
    role = arn.rpartition("/")[2]
    here, policy_name = {"RoleName": role}, {"PolicyName": names["platform"]}
    trust, policy = document(policy_file.with_name("trust.json"), names), document(policy_file, names)
    return [
        Setting(
            f"role {role}",
            reader(iam.get_role, here, lambda _: "exists"),
            "exists",
            partial(iam.create_role, **here, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags_of(names)),
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


def settle(setting: Setting) -> AppliedSetting:
    """Read a setting, and write it if it is not right."""
    found = setting.read()
    if _normal(found) == _normal(setting.right):
        return AppliedSetting(setting.name, "already right")
    setting.write()
    return AppliedSetting(setting.name, "created" if found is None else "corrected")


def reader(ask: Callable[..., Any], arguments: Mapping[str, str], value: Callable[[Any], Any]) -> Callable[[], Any]:
    """A reader that returns None if AWS says, with any of its error codes, that the resource does not exist."""

    def read() -> Any:
        try:
            return value(ask(**arguments))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "404" or code.startswith("NoSuch") or code.endswith(("NotFoundError", "NotFoundException")):
                return None
            raise

    return read


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    return names[whole[1]] if whole else re.sub(r"\$\{(\w+)\}", lambda found: str(names[found[1]]), value)


def _normal(value: Any) -> Any:
    """`value` in a normal form, because AWS unwraps one-element lists and reorders lists."""
    if isinstance(value, Mapping):
        return {key: _normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        inner = sorted((_normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return inner[0] if len(inner) == 1 else inner
    return value


def tags_of(names: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tags of what is made for an environment."""
    tags = {"Project": names["platform"], "Environment": names["environment"], "ManagedBy": "flowmart bootstrap"}
    return [{"Key": key, "Value": value} for key, value in tags.items()]
