"""Parses the text of a template: JSON, or YAML with the short forms of functions.

Scalars are read as CloudFormation reads them. Aliases are rejected in CloudFormation's words.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError

from tasks.yaml11 import Loader


class _Loader(Loader):
    """A YAML loader that understands !Ref and the other short forms of functions."""


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = _constructed(loader, node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _constructed(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short)


def parsed(text: str) -> dict[str, Any]:
    """Return the document of a template.

    Raises:
        ValidationError: the text is not a template.
    """
    try:
        found = _read(text)
    except yaml.YAMLError as error:
        raise ValidationError(message=f"Template format error: {error}") from error
    if not isinstance(found, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    return found


def _read(text: str) -> Any:
    if text.lstrip().startswith("{"):
        # JSON may be indented with tabs, which YAML does not allow.
        with suppress(ValueError):
            return json.loads(text)
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
        raise ValidationError(message="Template error: YAML aliases are not allowed in CloudFormation templates")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 -- it is a SafeLoader
