"""The only reader of YAML. It enforces the limits of `bounds` for every loader.

`load` and `load_text` read YAML 1.2, whereas PyYAML reads 1.1: `yes`, `22:30`, `0123` and dates keep their literal
meaning.

There are two readings. With the core schema `true` is a boolean, `30` a number and the rest text. As text, every
scalar stays exactly as written, for places where all values are texts (parameters of CloudFormation).

Source: YAML 1.2.2, chapter 10, "Recommended schemas" (failsafe and core).
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tasks import bounds

_NULL = re.compile(r"^(?:null|Null|NULL|~|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


Loader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]


def load(text: str) -> Any:
    """Read a document with the core schema; raise `yaml.YAMLError` if it is not valid."""
    return load_by(text, _Core)


def load_text(text: str) -> Any:
    """Read a document with every scalar as written, an empty one as ""; raise `yaml.YAMLError` if it is not valid."""
    return load_by(text, Text)


def load_by(text: str, loader: Loader) -> Any:
    """Read a document with the caller's own loader, for the tags and the YAML 1.1 of a tool."""
    bounds.refuse_large_yaml(text)
    return yaml.load(text, loader)  # noqa: S506 (safe loaders only)


def load_all_by(text: str, loader: Loader) -> list[Any]:
    """Read all documents of a stream."""
    bounds.refuse_large_yaml(text)
    return list(yaml.load_all(text, loader))


def compose_by(text: str, loader: Loader = yaml.SafeLoader) -> yaml.Node | None:
    """Return the nodes of a document, which know their line numbers; None for an empty document."""
    bounds.refuse_large_yaml(text)
    node: yaml.Node | None = yaml.compose(text, Loader=loader)
    return node


def load_json(text: str) -> Any:
    """Read a JSON text; raise `ValueError` if it is not valid."""
    bounds.refuse_large_json(text)
    return json.loads(text)


class Text(yaml.SafeLoader):
    """Loads mappings, lists and texts. A duplicate key is an error, as the YAML specification requires."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML's own name for it)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Reject duplicate keys; PyYAML would take the last of two values."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)


class _Core(Text):
    """Loads null, booleans and numbers too."""

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
