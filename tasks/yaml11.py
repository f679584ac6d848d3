"""Read the scalars of YAML templates as CloudFormation does: by YAML 1.1, where dates alone are text.

    0300         192                  a number that begins with 0 is octal
    012345678901 1.2345678901E10      8 and 9 are no octal digits: a decimal number
    22:30        1350                 base 60
    yes, on      true

As text, a decimal number has Java's form. Names of mappings are always text.

Sources: the user guide, "Template formats"; aws-cloudformation/cloudformation-coverage-roadmap#745 (0 and octal);
ASFHyP3/hyp3#2061 and aws/aws-cli#5257 (yes and no); aws-cloudformation/rain#27 (1.2345678901E10). The patterns are
those of SnakeYAML, whose results these are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_FORMS = {
    "bool": r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
    "int": r"[-+]?0b[01][01_]*|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F][0-9a-fA-F_]*"
    r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    "float": r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "null": r"~|null|Null|NULL|",
    "merge": r"<<",
}
"""{type: the plain scalars of this type}. The first that fits counts; all other scalars are text."""


class Double(float):
    """A decimal number, which Java writes in its own form."""

    def __str__(self) -> str:
        """Return the number as Java's Double.toString does."""
        written = Decimal(repr(float(self)))
        if not written.is_finite() or not written or 1e-3 <= abs(self) < 1e7:
            return repr(float(self))
        sign, digits, _ = written.normalize().as_tuple()
        first, rest = digits[0], "".join(map(str, digits[1:])) or "0"
        return f"{'-' if sign else ''}{first}.{rest}E{written.adjusted()}"


class Loader(yaml.SafeLoader):
    """Loads mappings, lists and scalars as CloudFormation reads them. Of two values for one key the last counts."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own name for it)
        None: [(f"{_TAG}{name}", re.compile(f"(?:{form})$")) for name, form in _FORMS.items()]
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping whose names are text."""
        return {as_text(key): value for key, value in super().construct_mapping(node, deep).items()}


def _double(loader: Loader, node: yaml.ScalarNode) -> Double:
    # PyYAML takes no number without a point for a decimal one; Python reads both.
    return Double(loader.construct_yaml_float(node))


def _unsupported(_: Loader, node: yaml.Node) -> None:
    told = f"CloudFormation takes no {node.tag.removeprefix(_TAG)}"
    raise yaml.constructor.ConstructorError(None, None, told, node.start_mark)


Loader.add_constructor(f"{_TAG}float", _double)
for _name in ("binary", "omap", "pairs", "set", "timestamp"):
    Loader.add_constructor(f"{_TAG}{_name}", _unsupported)


def as_text(value: Any) -> str:
    """Return a scalar as CloudFormation writes it as text; an empty text for null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(Double(value))
    return "" if value is None else str(value)


def as_texts(value: Any) -> Any:
    """Return a value with all of its scalars as text."""
    if isinstance(value, Mapping):
        return {key: as_texts(item) for key, item in value.items()}
    return [as_texts(item) for item in value] if isinstance(value, list) else as_text(value)
