"""Read to which other regions a template copies its image: `ami_regions` of its source.

This must be known before the build, so that a missing copy is noticed later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.engines.packer import building, sources

_VARIABLE = re.compile(r"\$\{var\.([\w-]+)\}")


def copied_to(folder: Path, only: str, given: Mapping[str, Any]) -> frozenset[str]:
    """Return the regions that the image is copied to; the build's own region is included if it is listed.

    Args:
        folder: the template.
        only: the pattern of the image to build, as for Packer's -only; empty if there is one.
        given: the values of its variables.

    Raises:
        InvalidInput: a region is only known when Packer runs.
    """
    chosen = {building.alone(name) for name in building.chosen(folder, only)}
    values = {**_defaults(folder), **sources.loaded(folder), **given}
    found = set[str]()
    for name, body in _bodies(folder):
        if name in chosen and "ami_regions" in body:
            found.update(_texts(body["ami_regions"], values, f"{folder}: ami_regions of {name}"))
    return frozenset(found)


def _bodies(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every `source` block, on its own or in a build, with its name."""
    for document in map(sources.parsed, sources.templates(folder)):
        for kind, named in _entries(document):
            for name, body in named.items():
                if isinstance(body, Mapping):
                    yield ".".join((kind, name.strip('"'))), body
        for build in document.get("build", ()):
            yield from _entries(build)


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for block in document.get("source", ()):
        yield from ((key.strip('"'), body) for key, body in block.items() if isinstance(body, Mapping))


def _defaults(folder: Path) -> dict[str, Any]:
    blocks = [block for file in sources.templates(folder) for block in sources.parsed(file).get("variable", ())]
    bodies = {name.strip('"'): body for block in blocks for name, body in block.items() if isinstance(body, Mapping)}
    return {name: body["default"] for name, body in bodies.items() if "default" in body}


def _texts(value: Any, values: Mapping[str, Any], place: str) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, values, place)
        return
    text = "" if value is None else str(value).strip('"')
    if text in ("", "null"):
        return
    variable = _VARIABLE.fullmatch(text)
    if variable and variable[1] in values:
        yield from _texts(values[variable[1]], {}, place)
    elif "${" in text:
        raise InvalidInput(f"{place}: {text} is only known when Packer runs: list the regions, or name a variable")
    else:
        yield text
