"""Resolves dynamic references, `{{resolve:ssm:...}}` and `{{resolve:secretsmanager:...}}`, as resources are made.

Source: the user guide, "Get values stored in other services using dynamic references". A stack stores the reference
and never the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.intrinsics import refuse

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")


def resolved(aws: Clients, value: Any) -> Any:
    """Return a value with its references resolved, read with the caller's rights.

    Raises:
        ValidationError: a referenced value does not exist or cannot be used.
    """
    if isinstance(value, Mapping):
        return {key: resolved(aws, item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(aws, item) for item in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda found: _READ[found[1]](aws, found[2]), value)


def parameter(aws: Clients, name: str, *, decrypted: bool = False) -> str:
    """Return the value of a parameter in Systems Manager.

    Args:
        aws: clients with the caller's rights.
        name: `name` or `name:version`.
        decrypted: whether the parameter may be a SecureString.

    Raises:
        ValidationError: there is no such parameter, or it is a SecureString that must not be decrypted.
    """
    found = aws("ssm").get_parameters(Names=[name], WithDecryption=decrypted)["Parameters"]
    if not found:
        raise refuse(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    if found[0]["Type"] == "SecureString" and not decrypted:
        raise refuse(f"Parameters [{name}] referenced by template have types not supported by CloudFormation.")
    return str(found[0]["Value"])


def _secret(aws: Clients, reference: str) -> str:
    # An ARN contains six colons itself: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME.
    parts = reference.split(":")
    cut = 7 if reference.startswith("arn:") else 1
    name, (_, key, stage, version) = ":".join(parts[:cut]), (*parts[cut:], "", "", "", "")[:4]
    which = {**({"VersionStage": stage} if stage else {}), **({"VersionId": version} if version else {})}
    text = str(aws("secretsmanager").get_secret_value(SecretId=name, **which)["SecretString"])
    if not key:
        return text
    found = json.loads(text)
    if key not in found:
        raise refuse(f"Could not find a value associated with JSONKey in SecretString: {key} of {name}")
    return str(found[key])


_READ: Mapping[str, Callable[[Clients, str], str]] = {
    "ssm": parameter,
    "ssm-secure": lambda aws, name: parameter(aws, name, decrypted=True),
    "secretsmanager": _secret,
}
