"""Parses the text of a template: JSON, or YAML with the short forms of functions."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError

_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?(?:0|[1-9][0-9]*)",
    "float": r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?",
    "merge": r"<<",
}
"""{type: pattern of plain YAML scalars with this type}.

All other scalars are text as written: `Yes`, `0123`, `22:30`, `2012-10-17`.
"""


class _Loader(yaml.SafeLoader):
    """A YAML loader that understands !Ref and the other short forms of functions."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name for it
        None: [(f"{_TAG}{name}", re.compile(f"(?:{form})$")) for name, form in _PLAIN.items()]
    }


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
    return yaml.load(text, Loader=_Loader)  # noqa: S506 -- it is a SafeLoader
