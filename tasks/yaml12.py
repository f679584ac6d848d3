"""YAML as YAML 1.2 reads it, where PyYAML reads 1.1: `yes`, `22:30`, `0123` and dates are what they look like.

Two readings. By the core schema `true` is a boolean, `30` a number and the rest text; as text, every scalar is
exactly as it is written, for places where values are texts anyway (parameters of CloudFormation).

Source: YAML 1.2.2, chapter 10, "Recommended schemas" (failsafe and core).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_NULL = re.compile(r"^(?:null|Null|NULL|~|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


def load(text: str) -> Any:
    """Read a document by the core schema; `yaml.YAMLError` when it is none."""
    return yaml.load(text, _Core)  # noqa: S506 (a SafeLoader with fewer types)


def load_text(text: str) -> Any:
    """Read a document with every scalar as it is written; an empty one is "". `yaml.YAMLError` when it is none."""
    return yaml.load(text, _Text)  # noqa: S506 (a SafeLoader with fewer types)


class _Text(yaml.SafeLoader):
    """Mappings, lists and texts. A duplicate key is an error, as YAML says."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML's own name for it)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As PyYAML does, which takes the last of two values for one key."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)


class _Core(_Text):
    """Null, booleans and numbers too."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML's own name for it)


def _integer(loader: _Core, node: yaml.ScalarNode) -> int:
    value = str(loader.construct_scalar(node))
    return int(value, 0) if value.startswith(("0o", "0x")) else int(value)


for _tag, _pattern, _first in (
    ("null", _NULL, ["n", "N", "~", ""]),
    ("bool", _BOOL, list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+0123456789.")),
):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)
_Core.add_constructor("tag:yaml.org,2002:int", _integer)
