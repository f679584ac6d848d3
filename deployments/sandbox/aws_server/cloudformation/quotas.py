"""Checks the quotas of stacks, with CloudFormation's messages.

Source: the user guide, "Understand CloudFormation quotas", and the API reference of CreateChangeSet and Tag.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text, refuse

IN_REQUEST, IN_BUCKET = 51_200, 1_000_000
_NAME, _DESCRIPTION, _VALUE = 255, 1_024, 4_096
_COUNTS = {"Mappings": 200, "Outputs": 200, "Parameters": 200, "Resources": 500}
_TAGS, _TAG_KEY, _TAG_VALUE = 50, 128, 256


def refuse_large(text: str, most: int) -> None:
    """Check the size of a template.

    Args:
        text: the template.
        most: its largest size in bytes: IN_REQUEST or IN_BUCKET.

    Raises:
        ValidationError: the template is larger.
    """
    if len(text.encode()) > most == IN_REQUEST:
        raise _constraint("templateBody", f"Member must have length less than or equal to {most}")
    if len(text.encode()) > most:
        raise refuse(f"Template may not exceed {most} bytes in size.")


def refuse_much(document: Mapping[str, Any]) -> None:
    """Check the number of declarations in a template with expanded loops, and the length of names and description.

    Raises:
        ValidationError: a quota is exceeded.
    """
    for section, most in _COUNTS.items():
        declared = document.get(section) or {}
        if len(declared) > most:
            raise refuse(f"Template format error: {_counted(section, len(declared), most)}")
        _refuse_long_names(section, declared)
    for name, mapping in (document.get("Mappings") or {}).items():
        if len(mapping) > _COUNTS["Mappings"]:
            told = _counted(f"attributes of mapping {name}", len(mapping), _COUNTS["Mappings"])
            raise refuse(f"Template format error: {told}")
    if len(str(document.get("Description") or "").encode()) > _DESCRIPTION:
        raise refuse(f"Template format error: 'Description' length is greater than {_DESCRIPTION}.")


def refuse_request(name: str, values: Mapping[str, str], tags: Sequence[Mapping[str, str]]) -> None:
    """Check the stack name, the values of parameters and the tags of a request.

    Raises:
        ValidationError: CloudFormation rejects one of them.
    """
    if not name.startswith("arn:") and not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        message = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        raise _constraint("stackName", f"{message}, and have length less than or equal to 128", name)
    for key, value in values.items():
        if len(as_text(value).encode()) > _VALUE:
            raise refuse(f"Parameter '{key}' must contain at most {_VALUE} bytes")
    _refuse_tags(tags)


def _refuse_tags(tags: Sequence[Mapping[str, str]]) -> None:
    if len(tags) > _TAGS:
        raise _constraint("tags", f"Member must have length less than or equal to {_TAGS}")
    keys = [tag["Key"] for tag in tags]
    if doubled := sorted({key for key in keys if keys.count(key) > 1}):
        raise refuse(f"Duplicate tag keys found [{doubled[0]}]. Please update tag keys and try again")
    for tag in tags:
        if not 1 <= len(tag["Key"]) <= _TAG_KEY or len(tag["Value"]) > _TAG_VALUE:
            lengths = f"a key has 1 to {_TAG_KEY} characters and a value at most {_TAG_VALUE}"
            raise _constraint(f"tags.{tag['Key'][:_TAG_KEY]}", lengths)
        if tag["Key"].lower().startswith("aws:"):
            raise refuse(f"Tag key [{tag['Key']}] is invalid: aws: prefixed tag key names are not allowed")


def _refuse_long_names(section: str, names: Collection[str]) -> None:
    if long := next((name for name in names if len(name) > _NAME), None):
        kind = section.removesuffix("s")
        raise refuse(f"Template format error: {kind} name {long} may not exceed {_NAME} characters.")


def _counted(what: str, count: int, most: int) -> str:
    if what == "Outputs":
        return f"Outputs count {count} is greater than max allowed {most}."
    return f"Number of {what.lower() if what in _COUNTS else what}, {count}, is greater than maximum allowed, {most}"


def _constraint(member: str, constraint: str, value: str = "...") -> Exception:
    told = f"Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return refuse(f"1 validation error detected: {told}")
