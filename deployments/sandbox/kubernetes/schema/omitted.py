"""Find the fields that the API omits when they are empty. Only the Go types say so, not the definitions.

A field with `omitempty` is lost when it is false, 0, "", or an empty list or map, unless it holds a pointer or a
struct. Developers run this when the version changes; the product never does:

    python -m deployments.sandbox.kubernetes.schema.omitted $(go env GOMODCACHE)/k8s.io 0.34.4

It reads the sources of k8s.io/api and k8s.io/apimachinery (Apache-2.0) of that version.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from deployments.sandbox.kubernetes.schema.types import definitions

OMITTED = Path(__file__).with_name("omitted.json")

_STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.M | re.S)
_FIELD = re.compile(r'^\s+(?:(\w+) +)?([\w.*\[\]]+)\s+`[^`]*json:"([^"]*)"', re.M)
_SOURCES = {
    "io.k8s.api.": "api@v{}",
    "io.k8s.apimachinery.pkg.": "apimachinery@v{}/pkg",
    "io.k8s.apiextensions-apiserver.pkg.": "apiextensions-apiserver@v{}/pkg",
    "io.k8s.kube-aggregator.pkg.": "kube-aggregator@v{}/pkg",
}

_Field = tuple[str, str, str]
"""The Go type, the name in JSON (empty for an inlined field), and the tag's options."""


def omitted(modules: Path, version: str) -> dict[str, list[str]]:
    """Return the omitted fields of every definition that the sandbox serves and that has any.

    Args:
        modules: The folder k8s.io of the Go module cache.
        version: The modules' version without its `v`, such as "0.34.4".
    """
    found = {name: sorted(_lost(name, modules, version)) for name in definitions()}
    return {name: fields for name, fields in found.items() if fields}


def _lost(definition: str, modules: Path, version: str) -> Iterator[str]:
    folder, _, kind = definition.rpartition(".")
    prefix = next((prefix for prefix in _SOURCES if definition.startswith(prefix)), None)
    if prefix is None:
        return
    place = modules / _SOURCES[prefix].format(version) / folder.removeprefix(prefix).replace(".", "/")
    yield from _of(kind, _structs(place))


def _of(kind: str, structs: Mapping[str, list[_Field]]) -> Iterator[str]:
    for go, name, options in structs.get(kind, ()):
        if not name and "inline" in options:
            yield from _of(go, structs)
        elif "omitempty" in options and not go.startswith("*") and "." not in go and go not in structs:
            yield name


def _structs(place: Path) -> dict[str, list[_Field]]:
    text = "\n".join(file.read_text() for file in sorted(place.glob("types*.go")))
    return {kind: [_field(*found) for found in _FIELD.findall(body)] for kind, body in _STRUCT.findall(text)}


def _field(_: str, go: str, tag: str) -> _Field:
    name, _, options = tag.partition(",")
    return go, name, options


def main() -> None:
    """Write the fields beside this file."""
    found = omitted(Path(sys.argv[1]), sys.argv[2])
    OMITTED.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
