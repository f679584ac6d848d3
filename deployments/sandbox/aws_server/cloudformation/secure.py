"""Checks references to SecureString parameters: AWS resolves them in few properties only.

Source: the user guide, "Get a secure string value from Systems Manager Parameter Store", with the list of properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.templates import Template

_SUPPORTED = frozenset(
    {
        "AWS::DirectoryService::MicrosoftAD/Properties/Password",
        "AWS::DirectoryService::SimpleAD/Properties/Password",
        "AWS::ElastiCache::ReplicationGroup/Properties/AuthToken",
        "AWS::IAM::User/Properties/LoginProfile/Password",
        "AWS::KinesisFirehose::DeliveryStream/Properties/RedshiftDestinationConfiguration/Password",
        "AWS::OpsWorks::App/Properties/AppSource/Password",
        "AWS::OpsWorks::Stack/Properties/CustomCookbooksSource/Password",
        "AWS::OpsWorks::Stack/Properties/RdsDbInstances/DbPassword",
        "AWS::RDS::DBCluster/Properties/MasterUserPassword",
        "AWS::RDS::DBInstance/Properties/MasterUserPassword",
        "AWS::Redshift::Cluster/Properties/MasterUserPassword",
    }
)
_FORM = re.compile(r"\{\{resolve:ssm-secure:[a-zA-Z0-9_.\-/]+(?::\d+)?\}\}")
_REFERENCE = re.compile(r"\{\{resolve:ssm-secure:[^}]*\}\}")


def refusal(template: Template) -> str:
    """Return why AWS rejects a template's references to SecureString parameters; empty if it accepts them."""
    found = [
        (f"{body['Type']}/Properties{path}", reference)
        for name, body in template.resources.items()
        for path, reference in _references("", template.properties(name, {}))
    ]
    if wrong := [reference for _, reference in found if not _FORM.fullmatch(reference)]:
        return f"Incorrect format is used in the following SSM reference: [{wrong[0]}]"
    misplaced = dict.fromkeys(path for path, _ in found if path not in _SUPPORTED)
    return f"SSM Secure reference is not supported in: [{','.join(misplaced)}]" if misplaced else ""


def _references(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the path of each reference in a value, and the reference. Items of a list have the path of the list."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _references(f"{path}/{key}", item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(path, item)
    elif isinstance(value, str):
        yield from ((path, reference) for reference in _REFERENCE.findall(value))
