"""Configures buckets for Terraform states: versioned, encrypted, closed to the public, only over TLS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tasks.bootstrap.settings import Setting, reader
from tasks.domain.platform import Environment, Platform

OURS = {"Key": "ManagedBy", "Value": "flowmart bootstrap"}
"""The tag that identifies what this tool created."""


def state_bucket(platform: str, environment: Environment) -> str:
    """Return the name of the bucket that holds a platform's Terraform states in an environment."""
    return f"{platform}-{environment.name}-tfstate-{environment.account}"


def names_of(platform: Platform, environment: Environment, bucket: str) -> dict[str, Any]:
    """Return the variables that the policy and the tags of an environment's bucket may use."""
    return {
        "account": environment.account,
        "bucket": bucket,
        "environment": environment.name,
        "platform": platform.name,
        "region": environment.region,
    }


def bucket_settings(s3: Any, region: str, names: Mapping[str, Any], policy: Mapping[str, Any]) -> list[Setting]:
    """Return the required settings of a bucket for states.

    Args:
        s3: a client with administrator credentials, in the bucket's region.
        region: the bucket's region.
        names: its name as "bucket", and the values of its tags (`names_of`).
        policy: its policy.
    """
    here = {"Bucket": names["bucket"]}
    return [
        _bucket(s3, region, here),
        _versioning(s3, here),
        _encryption(s3, here),
        _public_access_block(s3, here),
        _bucket_policy(s3, here, policy),
        _bucket_tags(s3, here, tags_of(names)),
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


def _bucket_tags(s3: Any, here: Mapping[str, str], tags: Sequence[Mapping[str, str]]) -> Setting:
    return Setting(
        f"bucket {here['Bucket']}, tags",
        reader(s3.get_bucket_tagging, here, lambda found: found["TagSet"]),
        list(tags),
        partial(s3.put_bucket_tagging, **here, Tagging={"TagSet": list(tags)}),
    )


def tags_of(names: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the tags of resources that are created for an environment."""
    tags = {"Project": names["platform"], "Environment": names["environment"]}
    return [*({"Key": key, "Value": value} for key, value in tags.items()), dict(OURS)]
