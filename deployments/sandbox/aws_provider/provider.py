"""Parses the provider block: region, credentials, allowed accounts and default tags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.aws_provider.aws import AwsAccess, Place
from deployments.sandbox.aws_provider.declare import PLAIN, BlockField, Field, Shape
from deployments.sandbox.aws_provider.plan import not_carried_out

# The provider arguments of hashicorp/aws 6 that the stand-in implements, or that have no effect here.
_CARRIED = {
    "region": "string",
    "access_key": "string",
    "secret_key": "string",
    "token": "string",
    "allowed_account_ids": "set(string)",
    "forbidden_account_ids": "set(string)",
    "max_retries": "number",
    "retry_mode": "string",
    "s3_use_path_style": "bool",
    "skip_credentials_validation": "bool",
    "skip_metadata_api_check": "string",
    "skip_region_validation": "bool",
    "skip_requesting_account_id": "bool",
}
_REFUSED = {
    "custom_ca_bundle": "string",
    "ec2_metadata_service_endpoint": "string",
    "ec2_metadata_service_endpoint_mode": "string",
    "http_proxy": "string",
    "https_proxy": "string",
    "insecure": "bool",
    "no_proxy": "string",
    "profile": "string",
    "s3_us_east_1_regional_endpoint": "string",
    "shared_config_files": "list(string)",
    "shared_credentials_files": "list(string)",
    "sts_region": "string",
    "tag_policy_compliance": "string",
    "token_bucket_rate_limiter_capacity": "number",
    "use_dualstack_endpoint": "bool",
    "use_fips_endpoint": "bool",
    "user_agent": "list(string)",
}
_ROLE = {
    "duration": "string",
    "external_id": "string",
    "policy": "string",
    "policy_arns": "set(string)",
    "role_arn": "string",
    "session_name": "string",
    "source_identity": "string",
    "tags": "map(string)",
    "transitive_tag_keys": "set(string)",
}
_WEB_ROLE = {
    "duration": "string",
    "policy": "string",
    "policy_arns": "set(string)",
    "role_arn": "string",
    "session_name": "string",
    "web_identity_token": "string",
    "web_identity_token_file": "string",
}
_TAGS = {"tags": "map(string)"}
_IGNORED = {"keys": "set(string)", "key_prefixes": "set(string)"}


def _fields(types: Mapping[str, str], carried: bool) -> dict[str, Field]:
    return {name: Field(type_, carried=carried, arg=PLAIN) for name, type_ in types.items()}


def _block(types: Mapping[str, str], most: int, carried: bool) -> BlockField:
    return BlockField("list", most, False, Shape(_fields(types, carried)), carried)


SHAPE = Shape(
    _fields(_CARRIED, True) | _fields(_REFUSED, False),
    {
        "default_tags": _block(_TAGS, 1, True),
        "ignore_tags": _block(_IGNORED, 1, False),
        "assume_role": _block(_ROLE, 0, False),
        "assume_role_with_web_identity": _block(_WEB_ROLE, 1, False),
    },
)


META = Shape(_fields({"user_agent": "list(string)"}, True))
"""The arguments of a block `provider_meta "aws"` of a module. They have no effect on calls to AWS."""


class Misconfigured(Exception):
    """The provider block or the environment is invalid, or selects an account that must not be used."""


@dataclass(frozen=True)
class Configuration:
    """The parsed content of a provider block."""

    place: Place
    default_tags: Mapping[str, str] = field(default_factory=dict)

    def at(self, region: Any) -> Place:
        """Return the account and region of a resource, given its `region` argument; the default is the provider's."""
        return Place(self.place.aws, region) if isinstance(region, str) else self.place


def configure(config: Mapping[str, Any], loader: Any = None) -> Configuration:
    """Parse a provider block.

    Args:
        config: the values of its arguments and blocks.
        loader: botocore's loader of service models, if one is already warm.

    Returns:
        The configuration.

    Raises:
        Misconfigured: the block sets something that is not emulated, has no region, or selects a forbidden account.
    """
    for path in not_carried_out(SHAPE, dict(config)):
        raise Misconfigured(f"the sandbox does not emulate provider.aws.{path}")
    region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not isinstance(region, str):
        raise Misconfigured("Missing region: set `region` in the provider block or AWS_REGION in the environment")
    keys = {"access_key": "aws_access_key_id", "secret_key": "aws_secret_access_key", "token": "aws_session_token"}
    given = {keyword: config[argument] for argument, keyword in keys.items() if config.get(argument)}
    place = Place(AwsAccess(region, given, loader), region)
    _check_account(place, config)
    tags = [block.get("tags") or {} for block in config.get("default_tags") or []]
    return Configuration(place, tags[0] if tags else {})


def _check_account(place: Place, config: Mapping[str, Any]) -> None:
    allowed = config.get("allowed_account_ids") or []
    if allowed and place.account not in allowed:
        raise Misconfigured(f"AWS account ID not allowed: {place.account}; allowed_account_ids are {sorted(allowed)}")
    if place.account in (config.get("forbidden_account_ids") or []):
        raise Misconfigured(f"AWS account ID not allowed: {place.account} is in forbidden_account_ids")
