"""Read a state in S3 directly from its bucket: one request, where `state pull` needs a process.

This is done only if the backend's settings name nothing but the place, and the tool would use our keys and endpoint.
Everything else is left to the tool: a profile, a role, encryption by the tool, an error. Source: the pages of
Terraform and OpenTofu about the backend "s3"; the object at the key is the state file.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tasks import aws
from tasks.aws_errors import AWS_ERRORS, code_of
from tasks.domain.errors import FlowmartError
from tasks.engines.terraform.backends import DEFAULT, Backend

_PLACE = frozenset({"bucket", "key", "region"})
_HARMLESS = frozenset(
    {
        *("encrypt", "kms_key_id", "acl", "use_lockfile", "use_path_style", "workspace_key_prefix"),
        *("skip_credentials_validation", "skip_metadata_api_check", "skip_region_validation"),
        *("skip_requesting_account_id", "skip_s3_checksum"),
    }
)
"""Settings for how a state is written, or for checks to skip. They do not change what is read."""

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_GIVEN = frozenset({*_KEYS, "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"})
"""The variables that `tasks.aws.client_with` uses."""

_ELSEWHERE = frozenset({"TF_WORKSPACE", "TF_DATA_DIR", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3"})
"""Variables that lead Terraform to another state, workspace or server than the backend's settings say."""

_FORMAT = 4


def read(backend: Backend | None, workspace: str, variables: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Read a state from its bucket.

    Args:
        backend: the backend that the root was initialised with.
        workspace: the tool's workspace: "default" or another one.
        variables: all variables that the tool would get.

    Returns:
        The state; empty if there is none; None if the tool must read it.
    """
    if backend is None or workspace != DEFAULT or not _is_plain(backend) or not _are_ours(variables):
        return None
    settings = backend.settings
    with suppress(FlowmartError, ValueError):
        client = aws.client_with("s3", {**variables, "AWS_REGION": settings["region"]})
        try:
            body = client.get_object(Bucket=settings["bucket"], Key=settings["key"])["Body"].read()
        except AWS_ERRORS as error:
            return {} if code_of(error) == "NoSuchKey" else None
        return _state(json.loads(body))
    return None


def _is_plain(backend: Backend) -> bool:
    names = backend.settings.keys()
    if backend.kind != "s3" or not names >= _PLACE or names - _PLACE - _HARMLESS:
        return False
    key = str(backend.settings["key"])
    return key == posixpath.normpath(key).lstrip("/")


def _are_ours(variables: Mapping[str, str]) -> bool:
    """Tell whether our client would use the same keys and endpoint as the tool, given these variables."""
    others = {name: value for name, value in variables.items() if name.startswith("AWS_") and name not in _GIVEN}
    alike = all(os.environ.get(name) == value for name, value in others.items())
    elsewhere = _ELSEWHERE.isdisjoint(variables) and "AWS_PROFILE" not in {*variables, *os.environ}
    return alike and elsewhere and all(variables.get(name) for name in _KEYS)


def _state(found: Any) -> Mapping[str, Any] | None:
    """Return a state of the current format; None if it is encrypted or of another version."""
    whole = isinstance(found, dict) and found.get("version") == _FORMAT and {"lineage", "serial"} <= found.keys()
    return found if whole else None
