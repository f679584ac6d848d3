"""Reads YAML files as plain data with line numbers.

PyYAML's own loader drops line numbers and silently takes the second of two equal keys. It also reads YAML 1.1, in
which `no` is false and 0123 is 83. People and their editors expect YAML 1.2. This reader resolves scalars by the core
schema of YAML 1.2, keeps dates as text, and reports duplicate keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tasks import yaml12
from tasks.bounds import TooLarge
from tasks.domain.errors import InvalidInput
from tasks.manifest.mistakes import Document, Key, Mistake, shown

TAG = "tag:yaml.org,2002:"


class Scalars(yaml.SafeLoader):
    """Resolves plain scalars by the core schema of YAML 1.2 (its chapter 10.3), decimal numbers only."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class declares it this way


for _name, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", [*"~nN", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    Scalars.add_implicit_resolver(f"{TAG}{_name}", re.compile(_pattern), _first)

SCALARS: Mapping[str, Callable[[str], Any]] = {
    f"{TAG}null": lambda _: None,
    f"{TAG}bool": lambda text: text.lower() == "true",
    f"{TAG}int": int,
    f"{TAG}float": float,
    f"{TAG}str": str,
}
COLLECTIONS = (f"{TAG}map", f"{TAG}seq")


def read(path: Path) -> Document:
    """Read the document in `path`.

    Messages name it by its folder and file name, as people know it, even if it is in a temporary checkout.

    Raises:
        InvalidInput: the file cannot be read or is not YAML.
    """
    name = f"{path.resolve().parent.name}/{path.name}"
    return _document(name, _compose(name, _text(name, path)))


def _document(name: str, root: yaml.Node | None) -> Document:
    reader = Reader()
    data = reader.read(root, ()) if root else None
    return Document(name, data, reader.lines, tuple(reader.mistakes))


def _text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidInput(f"{name}: there is no such file; looked for {path}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise InvalidInput(f"{name}: cannot be read ({error.strerror}); looked for {path}") from error


@lru_cache(maxsize=4)
def _compose(name: str, text: str) -> yaml.Node | None:
    """Return the nodes of a text. A promotion reads the same platform.yaml six times, and nothing changes nodes."""
    try:
        return yaml12.compose_by(text, Scalars)
    except TooLarge as error:
        raise InvalidInput(f"{name}: {error}") from None
    except yaml.MarkedYAMLError as error:
        raise InvalidInput(_not_yaml(name, text, error)) from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{name}: is not valid YAML: {error}") from error


def _not_yaml(name: str, text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    reason = ", ".join(part for part in (error.context, error.problem) if part)
    return f"{name}:{line}: is not valid YAML: {reason}{_hint(text, line)}"


def _hint(text: str, line: int) -> str:
    """Return a hint at the most common mistake in such a line, or ""."""
    wrong = "".join(text.splitlines()[line - 1 : line])
    if re.search(r"[:-]\s+\{[\w.]+\}", wrong):
        return "; text that begins with { needs quotes"
    return "; indent with spaces, not with tabs" if re.match(r" *\t", wrong) else ""


class Reader:
    """Reads a document's nodes in one pass, and collects `lines` and `mistakes`."""

    def __init__(self) -> None:
        self.lines: dict[Key, int] = {}
        self.mistakes: list[Mistake] = []
        self._around: list[yaml.Node] = []

    def read(self, node: yaml.Node, key: Key) -> Any:
        """Return the data of `node`, which is at `key`."""
        self.lines.setdefault(key, node.start_mark.line + 1)
        if node in self._around:
            self._mistake(key, "refers to itself: an alias cannot be inside of its own anchor")
            return None
        self._around.append(node)
        try:
            return self._value(node, key)
        finally:
            self._around.pop()

    def _value(self, node: yaml.Node, key: Key) -> Any:
        if node.tag not in (*SCALARS, *COLLECTIONS):
            self._mistake(key, f"has the tag {node.tag.replace(TAG, '!!')}: write plain YAML without tags")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*key, place)) for place, item in enumerate(node.value)]
        return self._scalar(node, key)

    def _scalar(self, node: yaml.Node, key: Key) -> Any:
        try:
            value = SCALARS[node.tag](node.value)
        except ValueError:
            if not node.value.lstrip("+-").isdecimal():
                self._mistake(key, f"{node.value!r} is not what its tag says: leave the tag out")
                return None
            # Python reads no number with thousands of digits.
            value = math.inf
        if isinstance(value, float) and not math.isfinite(value):
            self._mistake(key, "is too large for a number: put it in quotes")
            return None
        return value

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            name, line = self._name(key_node, key), key_node.start_mark.line + 1
            if name in found:
                first = self.lines[(*key, name)]
                self._mistake((*key, name), f"is on line {first} and again on line {line}: give every key once")
            elif name is not None:
                self.lines[(*key, name)] = line
                found[name] = self.read(value_node, (*key, name))
        return found

    def _name(self, node: yaml.Node, key: Key) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.style is None:
            self._mistake(key, "merge keys (<<) are not read: write the keys out")
            return None
        if isinstance(node, yaml.ScalarNode) and node.tag == f"{TAG}str":
            return str(node.value)
        what = shown(self._value(node, key))
        self._mistake(key, f"the key {what} on line {node.start_mark.line + 1} is not text: put it in quotes")
        return None

    def _mistake(self, key: Key, message: str) -> None:
        self.mistakes.append(Mistake(key, message))
