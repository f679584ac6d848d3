"""Check a unit against CloudFormation's quotas before asking AWS. Pure.

Only what the template contains is counted. What loops and macros expand to is left to CloudFormation.

Source: the user guide, "Understand CloudFormation quotas", and the API reference of CreateChangeSet and Tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

IN_REQUEST, IN_BUCKET = 51_200, 1_000_000
"""Maximum size of a template in a request, and in a bucket, in bytes."""

_COUNTS = {"Mappings": 200, "Outputs": 200, "Parameters": 200, "Resources": 500}
_NAME, _DESCRIPTION = 255, 1_024
_VALUE = 4_096
_STACK = 128
_UPDATES = ("Update:*", "Update:Delete", "Update:Modify", "Update:Replace")
_TAGS, _TAG_KEY, _TAG_VALUE = 50, 128, 256


def of_template(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a description of each limit that a template exceeds."""
    for section, most in _COUNTS.items():
        found = document.get(section) or {}
        if len(found) > most:
            yield f"{len(found)} {section}, of which CloudFormation takes {most}: split the unit, or nest stacks"
        for name in found:
            # YAML reads a name of digits alone as a number.
            if len(str(name)) > _NAME:
                yield f"{section}: the name {str(name)[:20]}... is longer than {_NAME} characters"
    for name, mapping in (document.get("Mappings") or {}).items():
        if isinstance(mapping, Mapping) and len(mapping) > _COUNTS["Mappings"]:
            yield f"Mappings: {name} has {len(mapping)} attributes; CloudFormation takes {_COUNTS['Mappings']}"
    if len(str(document.get("Description") or "").encode()) > _DESCRIPTION:
        yield f"Description: longer than the {_DESCRIPTION} bytes that CloudFormation takes"


def of_request(stack: str, parameters: Mapping[str, str | None], tags: Mapping[str, str]) -> Iterator[str]:
    """Yield a description of each limit that the stack's name, parameters or tags exceed."""
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", stack) or len(stack) > _STACK:
        rule = f"a letter, then letters, digits and hyphens, at most {_STACK}"
        yield f"stack: {stack} is not a valid name of a stack ({rule}): set the input stack"
    for name, value in parameters.items():
        if len((value or "").encode()) > _VALUE:
            yield f"parameter {name}: longer than the {_VALUE:,} bytes that CloudFormation takes"
    yield from _of_tags(tags)


def _of_tags(tags: Mapping[str, str]) -> Iterator[str]:
    if len(tags) > _TAGS:
        yield f"Tags: {len(tags)}, of which CloudFormation takes {_TAGS}; three of them are FlowMart's"
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY or len(value) > _TAG_VALUE:
            yield f"Tags: {key[:20]}: a key has 1 to {_TAG_KEY} characters, a value at most {_TAG_VALUE}"
        if key.lower().startswith("aws:"):
            yield f"Tags: {key}: keys that begin with aws: are AWS's own"


def of_policy(policy: Any) -> Iterator[str]:
    """Yield what is wrong with a stack policy. CloudFormation would reject it only after the stack is updated.

    Source: the user guide, "Prevent updates to stack resources", "Stack policy reference".
    """
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not listed or not isinstance(listed, list):
        yield "the stack policy has no Statement"
        return
    for statement in listed:
        if not isinstance(statement, Mapping):
            yield f"stack policy: {statement!r} is not a statement"
        else:
            yield from _of_statement(statement)


def _of_statement(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"stack policy: Effect is {statement.get('Effect')!r}; it is Allow or Deny"
    if "*" not in (statement.get("Principal"), statement.get("NotPrincipal")):
        yield 'stack policy: Principal can only be "*"'
    actions = statement.get("Action", statement.get("NotAction")) or [None]
    for action in [actions] if isinstance(actions, str) else actions:
        if action not in _UPDATES:
            yield f"stack policy: Action {action!r} is none of {', '.join(_UPDATES)}"
    if not statement.get("Resource", statement.get("NotResource")):
        yield "stack policy: a statement has no Resource"
