"""Locates a plan's resources in the code: the file and line that a person should read.

Terraform's blocks are found by their first line, as `terraform fmt` writes it. Local modules are followed. Everything
else (other tools, remote modules, a plan as a whole) is located at the unit's own line in platform.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tasks import yaml12

PLATFORM = "platform.yaml"

_MODULE = re.compile(r"module\.([\w-]+)(?:\[(?:\"[^\"]*\"|\d+)\])?\.")
_RESOURCE = re.compile(r"(data\.)?([\w-]+)\.([\w-]+)")
_SOURCE = re.compile(r"^\s*source\s*=\s*\"(\.{1,2}/[^\"]*)\"", re.MULTILINE)
_END = re.compile(r"^\}", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A line of a file. `path` is relative to the repository; lines are counted from 1."""

    path: str
    line: int


def find(infrastructure: Path, unit: str, folder: Path, address: str) -> Place:
    """Return where the resource at `address` is declared, as precisely as possible.

    Args:
        infrastructure: the folder with platform.yaml.
        unit: the unit's name.
        folder: the unit's folder.
        address: the resource's address in Terraform; "" for the unit itself.
    """
    found = _declared(infrastructure, folder, address) if address else None
    return found or of_unit(infrastructure, unit)


def of_unit(infrastructure: Path, unit: str) -> Place:
    """Return the line of a unit in platform.yaml; the file's first line if the unit is not there."""
    document = yaml12.compose_by((infrastructure / PLATFORM).read_text())
    units = _child(document, "units")
    for key, _ in units.value if isinstance(units, yaml.MappingNode) else ():
        if key.value == unit:
            return Place(f"{infrastructure.name}/{PLATFORM}", key.start_mark.line + 1)
    return Place(f"{infrastructure.name}/{PLATFORM}", 1)


def _declared(infrastructure: Path, folder: Path, address: str) -> Place | None:
    """Find the block of an address below a folder: in a local module, or else the call of its module."""
    if module := _MODULE.match(address):
        call = _block(folder, rf'module\s+"{re.escape(module[1])}"')
        if call is None:
            return None
        inner = _local(call)
        there = _declared(infrastructure, inner, address[module.end() :]) if inner else None
        return there or _place(infrastructure, call)
    if resource := _RESOURCE.match(address):
        kind = "data" if resource[1] else "resource"
        block = _block(folder, rf'{kind}\s+"{re.escape(resource[2])}"\s+"{re.escape(resource[3])}"')
        return _place(infrastructure, block) if block else None
    return None


@dataclass(frozen=True)
class _Block:
    file: Path
    line: int
    text: str


def _block(folder: Path, head: str) -> _Block | None:
    return next(_blocks(folder, re.compile(rf"^\s*{head}\s*\{{", re.MULTILINE)), None)


def _blocks(folder: Path, head: re.Pattern[str]) -> Iterator[_Block]:
    for file in sorted(folder.glob("*.tf")):
        text = file.read_text(errors="replace")
        for found in head.finditer(text):
            # The pattern may begin on blank lines before the block.
            begins = found.end() - len(found[0].lstrip())
            end = _END.search(text, found.end())
            yield _Block(file, text.count("\n", 0, begins) + 1, text[begins : end.start() if end else len(text)])


def _local(call: _Block) -> Path | None:
    named = _SOURCE.search(call.text)
    return call.file.parent / named[1] if named else None


def _place(infrastructure: Path, block: _Block) -> Place | None:
    file, root = block.file.resolve(), infrastructure.resolve().parent
    return Place(str(file.relative_to(root)), block.line) if file.is_relative_to(root) else None


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)
