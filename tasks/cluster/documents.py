"""Reads YAML as helm and kubectl do: YAML 1.1 as Go's parser understands it, converted to JSON. Pure.

PyYAML understands YAML 1.1 differently: `22:30` is 1350, `1e3` and `y` are strings, and dates become dates. What
those tools send to a cluster is what counts. So plain scalars are resolved as in go-yaml v2 (`resolve.go`, through
sigs.k8s.io/yaml), and the keys of mappings are strings, as in JSON.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import yaml

from tasks import yaml12

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"([-+]?)0([0-7]+)")
_INT64 = range(-(2**63), 2**64)
"""The whole numbers that Go represents, signed or unsigned. Larger ones become floats."""


def documents(text: str) -> list[Any]:
    """Parse all documents of a stream.

    Raises:
        yaml.YAMLError: it is not valid YAML.
    """
    return yaml12.load_all_by(text, _Loader)


def document(text: str) -> Any:
    """Parse the one document of a text; None if it is empty.

    Raises:
        yaml.YAMLError: it is not valid YAML.
    """
    return yaml12.load_by(text, _Loader)


class _Loader(yaml.CSafeLoader):
    """Resolves plain scalars as Go does."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML's own name for it)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping whose keys are strings.

        PyYAML's own method would merge `1` and `true`, which are one key in Python.
        """
        self.flatten_mapping(node)
        pairs = ((self.construct_object(key, deep=True), value) for key, value in node.value)
        return {_key(key): self.construct_object(value, deep=deep) for key, value in pairs}


def number(text: str) -> int | float | str:
    """Return the number that Go reads from a plain scalar, or the scalar as a string if it is not a number."""
    plain = text.replace("_", "")
    whole = _whole(plain)
    if whole is not None and whole in _INT64:
        return whole
    if not _FLOAT.fullmatch(plain):
        return text
    found = float(plain)
    # JSON does not distinguish 1000 from 1e3.
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _whole(plain: str) -> int | None:
    octal = _OCTAL.fullmatch(plain)
    try:
        return int(f"{octal[1]}{octal[2]}", 8) if octal else int(plain, 0)
    except ValueError:
        return None


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float | str:
    return number(str(loader.construct_scalar(node)))


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node) in _TRUE


def _binary(loader: _Loader, node: yaml.ScalarNode) -> str:
    return base64.b64decode(str(loader.construct_scalar(node))).decode(errors="replace")


def _untagged(loader: _Loader, node: yaml.Node) -> Any:
    """Ignore the tag, as Go does with unknown tags; a scalar becomes a string."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return str(node.value)


def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"^(?:{'|'.join(words)})$")


_Loader.add_implicit_resolver(f"{_TAG}bool", _words(_TRUE + _FALSE), list("yYnNtTfFoO"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(f"{_TAG}merge", re.compile(r"^<<$"), ["<"])
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"^[-+]?\.?[0-9]"), list("-+.0123456789"))
_Loader.add_constructor(f"{_TAG}float", _number)
_Loader.add_constructor(f"{_TAG}bool", _bool)
# JSON has none of these types, so a cluster receives the plain value.
_Loader.add_constructor(f"{_TAG}binary", _binary)
for _kind in ("set", "timestamp", "omap", "pairs"):
    _Loader.add_constructor(f"{_TAG}{_kind}", _untagged)
_Loader.add_multi_constructor("!", lambda loader, _, node: _untagged(loader, node))
