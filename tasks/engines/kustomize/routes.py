"""Validates Alertmanager's configuration in a kustomization: its syntax, and which receivers each alert reaches.

A configuration is a file `alertmanager.yaml` or `alertmanager.yml` that the kustomization reads, or an entry of that
name in a ConfigMap or a Secret. Files `*.routes.yml` say which receivers alerts have to reach. They are beside the
kustomization, or beside one that it includes:

    - labels: {alertname: Watchdog}
      receivers: [dead-mans-switch]

Source: `amtool check-config`, `amtool config routes test`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tasks import yaml12
from tasks.engines import validation
from tasks.engines.base import Finding, Workspace
from tasks.engines.kustomize import sources
from tasks.engines.kustomize.manifests import beside, objects
from tasks.run_folder import run_folder

_NAMES = ("alertmanager.yaml", "alertmanager.yml")
_GOOD, _WRONG = 0, 1
"""Exit codes of amtool."""


class _Route(BaseModel):
    """One expectation: an alert with these labels reaches exactly these receivers, in this order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    labels: Annotated[dict[str, str], Field(min_length=1)]
    receivers: Annotated[list[str], Field(min_length=1)]


_ROUTES = TypeAdapter(list[_Route])


def routes(workspace: Workspace) -> Iterator[Finding]:
    """Yield what amtool reports about the configurations, and the expectations that they do not meet."""
    tests, found = beside(workspace, "*.routes.y*ml"), [*_found(workspace)]
    with run_folder("routes") as folder:
        good: list[Path] = []
        for number, (file, text) in enumerate(found):
            place = folder / f"{number}.yml"
            place.write_text(text)
            checked = validation.run(workspace, ["amtool", "check-config", str(place)], good=(_GOOD, _WRONG))
            if checked.exit_code == _GOOD:
                good.append(place)
            else:
                yield Finding("check-config", _told(checked.stdout, place), file)
        for test in tests:
            if not found:
                yield Finding("routes", f"there is no {' or '.join(_NAMES)} whose routes it could test", test)
            else:
                yield from _tested(workspace, test, good)


def _found(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield (file, text) of each configuration that the kustomization reads or has in a ConfigMap or Secret, once."""
    read: set[str] = set()
    for file in sources.reads(workspace.infrastructure, workspace.unit.source):
        path = workspace.infrastructure / file
        if path.name in _NAMES:
            read.add(path.read_text())
            yield file, path.read_text()
    for file, manifest in objects(workspace, "alertmanager.y", "ConfigMap", "Secret"):
        yield from ((file, text) for text in _embedded(manifest) if text not in read)


def _embedded(manifest: Mapping[str, Any]) -> Iterator[str]:
    for text in _entries(manifest, "data"):
        # The cluster's dry run rejects what is not valid base64.
        with suppress(ValueError):
            yield base64.b64decode(text).decode(errors="replace") if manifest["kind"] == "Secret" else text
    yield from _entries(manifest, "stringData")


def _entries(manifest: Mapping[str, Any], field: str) -> Iterator[str]:
    content = manifest.get(field)
    for key, text in content.items() if isinstance(content, Mapping) else ():
        if key in _NAMES and isinstance(text, str):
            yield text


def _tested(workspace: Workspace, where: str, configurations: Sequence[Path]) -> Iterator[Finding]:
    try:
        wanted = _ROUTES.validate_python(yaml12.load_text((workspace.infrastructure / where).read_text()))
    except (yaml.YAMLError, ValidationError) as error:
        told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        yield Finding("routes", f"is not a list of {{labels, receivers}}: {told}", where)
        return
    for place in configurations:
        for each in wanted:
            yield from _routed(workspace, place, each, where)


def _routed(workspace: Workspace, place: Path, expected: _Route, where: str) -> Iterator[Finding]:
    labels = [f"{name}={value}" for name, value in expected.labels.items()]
    receivers = f"--verify.receivers={','.join(expected.receivers)}"
    argv = ["amtool", "config", "routes", "test", f"--config.file={place}", receivers, *labels]
    finished = validation.run(workspace, argv, good=(_GOOD, _WRONG))
    if finished.exit_code != _GOOD:
        reached = finished.stdout.strip().splitlines()[0] if finished.stdout.strip() else finished.stderr.strip()
        yield Finding("routes", f"{', '.join(labels)} reaches {reached}, not {', '.join(expected.receivers)}", where)


def _told(said: str, place: Path) -> str:
    """Return amtool's complaint about a file, without the file's temporary name."""
    return said.partition("FAILED:")[2].strip() or said.replace(str(place), "").strip()
