"""Lists the keys of platform.yaml, from its JSON schema: allowed values, default and meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.manifest.schema import Schema, platform_schema
from tasks.reports.artifacts import table

_INTRODUCTION = """# All keys of platform.yaml

Every key, from the schema that editors complete with. [platform.yaml](../platform.md) explains them with examples,
and has the options of [smoke checks](../platform.md#smoke-checks)."""

_HEAD = ("key", "what may be written", "default", "what it is")

_NOTHING = {"type": "null"}
_DURATION = r"^(\d+(?:\.\d+)?)(s|m|h)$"

_PATTERNS: Mapping[str, str] = {
    _DURATION: "a duration: `90s`, `5m`, `1h`",
    "^[0-9]{12}$": "12 digits",
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "a name",
    "^[a-z]{2}(-[a-z]+)+-[0-9]+$": "a region",
    r"^\{(environment|platform|account|region|values\.[\w-]+)\}$": "a placeholder",
}
"""Descriptions of patterns that have a common name."""

_WORDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "`true` or `false`"}


_TITLES = {
    "DeclaredGitHub": "GitHub",
    "DeclaredIamRoles": "IAM roles",
    "IamRoles": "IAM roles of a unit",
    "DeclaredSigV4": "Signatures",
    "DeclaredElasticsearchSigV4": "Signatures for Elasticsearch",
    "DeclaredTls": "TLS",
}
"""{model: its heading}, for models whose name does not make a good one."""


def page() -> str:
    """Return the page as Markdown."""
    schema = platform_schema()
    return "\n\n".join(filter(None, [_INTRODUCTION, "## Top level", *_Blocks(schema["$defs"]).parts(schema)]))


def title(model: str) -> str:
    """Return the heading of a block: "DeclaredUnitRoles" -> "Unit roles"."""
    words = re.findall(r"[A-Z][a-z]+|[A-Z0-9]+(?![a-z])", model.removeprefix("Declared"))
    return _TITLES.get(model) or " ".join(words).capitalize()


@dataclass(frozen=True)
class _Blocks:
    """The blocks that keys refer to, by the names of their models."""

    definitions: Mapping[str, Schema]

    def parts(self, schema: Schema) -> Iterator[str]:
        """Yield the table of the top level, then a section for each block."""
        yield table(_HEAD, [*self._rows(schema)])
        # Checks are left out: each kind has its own schema.
        blocks = [name for name, block in self.definitions.items() if "properties" in block]
        for name in sorted(blocks, key=title):
            yield f"## {title(name)}"
            yield self.definitions[name].get("description", "")
            yield table(_HEAD, [*self._rows(self.definitions[name])])

    def _rows(self, block: Schema) -> Iterator[tuple[str, ...]]:
        required: Sequence[str] = block.get("required", ())
        for key, node in block["properties"].items():
            default = "required" if key in required else _default(node)
            yield f"`{key}`", self._written(node), default, node.get("description", "")

    def _written(self, node: Schema) -> str:
        """Describe the allowed values in words."""
        if "$ref" in node:
            return self._referred(node["$ref"].rpartition("/")[2])
        if "anyOf" in node:
            return " or ".join(dict.fromkeys(self._written(each) for each in node["anyOf"] if each != _NOTHING))
        if "enum" in node or "const" in node:
            return ", ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
        if node.get("type") == "array":
            return f"a list: {self._written(node.get('items', {}))}"
        return self._mapping(node) if node.get("type") == "object" else _scalar(node)

    def _referred(self, name: str) -> str:
        block = self.definitions[name]
        if name == "DeclaredCheck":
            return "[smoke check](../platform.md#smoke-checks)"
        if "properties" not in block:
            return self._written(block)
        return f"[{title(name)}](#{title(name).lower().replace(' ', '-')})"

    def _mapping(self, node: Schema) -> str:
        inner = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
        values = [self._written(each) for each in inner if isinstance(each, dict) and each]
        return f"by name: {values[0]}" if values else "by name: anything"


def _scalar(node: Schema) -> str:
    return _PATTERNS.get(node.get("pattern", "")) or _WORDS.get(str(node.get("type")), "anything")


def _default(node: Schema) -> str:
    value = node.get("default")
    if value in (None, "", [], {}):
        return ""
    is_duration = _DURATION in [each.get("pattern") for each in node.get("anyOf", ())]
    return f"`{_duration(value)}`" if is_duration and value else f"`{json.dumps(value)}`"


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
